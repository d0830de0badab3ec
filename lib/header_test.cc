// The public header in C++, and readings in threads: a program would get another thread's words if they shared anything.
#include <abide/reply.h>
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

static void read_many(int number, int *wrong)
{
	struct abide_reply *reader = abide_reply_new();
	struct abide_reply_meaning m;

	for (int i = 0; i < 200; i++) {
		std::string user = "u" + std::to_string(number) + "x" + std::to_string(i) + "@example.org";
		std::string text = i % 2 ? "550 5.1.1 <" + user + ">: User unknown"
					 : "451 4.7.1 <" + user + ">: Greylisted, try again in 300 seconds";

		if (abide_reply_read(reader, text.data(), text.size(), "rcpt", &m) != 0 ||
		    std::strcmp(m.cause, i % 2 ? "user_unknown" : "greylisting") != 0 ||
		    m.wait_seconds != (i % 2 ? -1 : 300) || m.n_words == 0 || user != m.words[0].value)
			++*wrong;
	}
	if (abide_reply_read(reader, "", 0, "nowhere", &m) == 0)
		++*wrong;
	abide_reply_free(reader);
	abide_reply_free(nullptr);
}

int main()
{
	int wrong[4] = {};
	std::vector<std::thread> threads;

	for (int i = 0; i < 4; i++)
		threads.emplace_back(read_many, i, &wrong[i]);
	for (auto &thread : threads)
		thread.join();
	size_t causes = 0;

	while (abide_reply_cause_name(causes))
		causes++;
	std::printf("wrong: %d %d %d %d, causes: %zu\n", wrong[0], wrong[1], wrong[2], wrong[3], causes);
	return wrong[0] + wrong[1] + wrong[2] + wrong[3] || causes != 45;
}
