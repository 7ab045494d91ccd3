/* In place of tocsin-voice, so that the sound alone tells whose words it is: the first number of a sentence is spoken as a pure
 * note of so many Hz, 0.7 s long; a sentence without one is 0.2 s of 3 kHz. Answers as audio/voice_main.c does. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 16000, LONG_MS = 700, SHORT_MS = 200, TEXT_MAX = 4096 };

static void answer(double hz, size_t ms)
{
    static int16_t frames[RATE];
    size_t n = RATE / 1000 * ms;
    for (size_t i = 0; i < n; i++)
        frames[i] = (int16_t)lrint(12000 * sin(2 * 3.14159265358979323846 * hz * (double)i / RATE));
    printf("ok %d %zu\n", RATE, n);
    fwrite(frames, sizeof *frames, n, stdout);
    fflush(stdout);
}

int main(void)
{
    char tag[64], text[TEXT_MAX + 1];
    while (fgets(tag, sizeof tag, stdin)) {
        const char *space = strchr(tag, ' ');
        size_t n = space ? strtoul(space, NULL, 10) : TEXT_MAX + 1;
        if (n > TEXT_MAX || fread(text, 1, n, stdin) != n)
            return 2;
        text[n] = '\0';
        const char *digits = strpbrk(text, "0123456789");
        if (digits)
            answer(strtod(digits, NULL), LONG_MS);
        else
            answer(3000, SHORT_MS);
    }
    return 0;
}
