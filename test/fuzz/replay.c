// Runs the files of folders through a fuzz target: the corpus as an ordinary test, for builds without
// libFuzzer. Each file, and each of its beginnings up to 64 octets, so that a small corpus goes
// further.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// In memory of exactly its size, so that the sanitizers see the first octet read too far.
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		exit(2);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static int run_file(const char *path)
{
	static const size_t most = 1 << 20;
	uint8_t *data = malloc(most);
	FILE *f = fopen(path, "rb");

	if (!f || !data) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(2);
	}
	size_t size = fread(data, 1, most, f);
	fclose(f);
	run(data, size);
	for (size_t n = 0; n < size && n < 64; n++)
		run(data, n);
	free(data);
	return 1;
}

int main(int argc, char **argv)
{
	int files = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		struct dirent *e;

		if (!d) {
			files += run_file(argv[i]);
			continue;
		}
		while ((e = readdir(d))) {
			char path[4096];

			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
			files += run_file(path);
		}
		closedir(d);
	}
	printf("%d files\n", files);
	return files ? 0 : 1;
}
