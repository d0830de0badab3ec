"""gdb: what each task of an abide process waits in.

    gdb -p PID -x tools/gdb-fibers.py -ex abide-fibers
    gdb abide core -x tools/gdb-fibers.py -ex abide-fibers

abide-fibers [NAME]: every task alive (of that name), its state, and its
backtrace. In a live process the registers are set to where the fiber stands
and put back afterwards; in a core, frame pointers are followed (all of abide
keeps them). With `-Dtask=thread`, `thread apply all backtrace` does it.
"""
import gdb

# As context_swap leaves a stack: register name, word at the saved stack pointer.
SAVED = {
    "i386:x86-64": {"r15": 1, "r14": 2, "r13": 3, "r12": 4, "rbx": 5, "rbp": 6},
    "aarch64": dict([("x29", 0), ("x30", 1)] + [("x%d" % n, n - 17) for n in range(19, 29)]),
}
FRAME_POINTER = {"i386:x86-64": ("rbp", 6, 7), "aarch64": ("x29", 0, 1)}
NAMES = {"i386:x86-64": ("rsp", "rip"), "aarch64": ("sp", "pc")}
DEPTH = 40


def value_of(name):
    found = gdb.lookup_static_symbol(name) or gdb.lookup_global_symbol(name)
    if found is None:
        raise gdb.GdbError("no symbol %s: not an abide process, or no debug information" % name)
    return found.value()


def tasks():
    head = value_of("sched")["all"]
    task_type = gdb.lookup_type("struct task")
    offset = next(f.bitpos // 8 for f in task_type.fields() if f.name == "all")
    at = head["next"]
    while at != 0 and at != head.address:
        raw = int(at) - offset
        yield gdb.Value(raw).cast(task_type.pointer())
        at = at["next"]


def state_of(task):
    if task == value_of("sched")["current"]:
        return "running"
    if task["ended"]:
        return "ended"
    return "parked" if task["parked"] else "ready"


def word(at):
    size = gdb.lookup_type("long").pointer().sizeof
    data = gdb.selected_inferior().read_memory(at, size)
    return int.from_bytes(bytes(data), "little")


def print_live(sp, arch):
    """Sets the registers to those of the fiber, prints, and puts them back."""
    sp_name, pc_name = NAMES[arch]
    names = list(SAVED[arch]) + [sp_name, pc_name]
    if arch == "i386:x86-64":
        names.append("orig_rax")  # gdb clears it with the pc; a system call is to be gone on with
    gdb.execute("select-frame 0")
    frame = gdb.newest_frame()
    before = {n: int(frame.read_register(n)) for n in names}
    parked = int(gdb.parse_and_eval("(unsigned long)&context_parked"))
    try:
        for name, index in SAVED[arch].items():
            gdb.execute("set $%s = %d" % (name, word(sp + 8 * index)))
        gdb.execute("set $%s = %d" % (sp_name, sp))
        gdb.execute("set $%s = %d" % (pc_name, parked))
        gdb.execute("backtrace %d" % DEPTH)
    finally:
        gdb.execute("select-frame 0")
        order = [n for n in names if n != "orig_rax"]
        for name in order + (["orig_rax"] if "orig_rax" in names else []):
            gdb.execute("set $%s = %d" % (name, before[name]))


def print_by_frame_pointers(sp, arch):
    _, fp_word, pc_word = FRAME_POINTER[arch]
    fp, pc = word(sp + 8 * fp_word), word(sp + 8 * pc_word)
    for depth in range(DEPTH):
        block = gdb.block_for_pc(pc - 1)
        while block and not block.function:
            block = block.superblock
        line = gdb.find_pc_line(pc - 1)
        print("#%-2d 0x%x in %s () at %s:%d" % (
            depth, pc, block.function if block else "??",
            line.symtab.filename if line.symtab else "??", line.line))
        if fp == 0 or block is None:
            break
        try:
            fp, pc = word(fp), word(fp + 8)
        except gdb.MemoryError:
            break
        if pc == 0:
            break


class AbideFibers(gdb.Command):
    """abide-fibers [NAME]: the tasks of this process (of that name) with their backtraces."""

    def __init__(self):
        super().__init__("abide-fibers", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        has_fibers = any(f.name == "sp" for f in gdb.lookup_type("struct context").fields())
        for task in tasks():
            name = task["name"].string()
            if argument and name != argument:
                continue
            state = state_of(task)
            print("\nfiber 0x%x %s (%s)" % (int(task), name, state))
            if state == "running":
                gdb.execute("backtrace %d" % DEPTH)
            elif state != "ended" and has_fibers:
                self.print_parked(int(task["context"]["sp"]))

    @staticmethod
    def print_parked(sp):
        arch = gdb.newest_frame().architecture().name()
        if arch not in SAVED:
            print("no layout of %s's saved registers is known here" % arch)
            return
        try:
            print_live(sp, arch)  # gdb.error where there are no registers to set: a core
        except gdb.error:
            print_by_frame_pointers(sp, arch)


AbideFibers()
