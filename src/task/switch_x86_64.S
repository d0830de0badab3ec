/*
 * void context_swap(void **ret_sp, void *sp): saves what a call must keep (System V ABI: rbx, rbp,
 * r12-r15, mxcsr, x87 control word) on the stack, stores sp and goes on where another stack stands.
 * The CFI holds on both sides of the exchange, since both stacks have the same layout there.
 */
	.text
	.globl context_swap
	.type context_swap, @function
	.p2align 4
context_swap:
	.cfi_startproc
	pushq %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	pushq %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	pushq %r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r12, 0
	pushq %r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r13, 0
	pushq %r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r14, 0
	pushq %r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r15, 0
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	stmxcsr (%rsp)
	fnstcw 4(%rsp)
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	.globl context_parked
context_parked:
	ldmxcsr (%rsp)
	fldcw 4(%rsp)
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	popq %r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r15
	popq %r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r14
	popq %r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r13
	popq %r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	popq %rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	popq %rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	/* A jump, not a ret: the return predictor knows nothing of the other stack. */
	popq %rcx
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rcx
	jmp *%rcx
	.cfi_endproc
	.size context_swap, . - context_swap

/* Where a new stack begins: rbx has the function, r12 its argument. No caller: unwinding ends. */
	.globl context_begin
	.type context_begin, @function
	.p2align 4
context_begin:
	.cfi_startproc
	.cfi_undefined %rip
	xorl %ebp, %ebp
	movq %r12, %rdi
	callq *%rbx
	ud2
	.cfi_endproc
	.size context_begin, . - context_begin

	.section .note.GNU-stack, "", @progbits
