/* For tests: a temporary folder with an ALSA configuration whose card "village" is the pacing plug-in, and an ear: a thread
 * that reads the FIFO and keeps every frame that was played. */
#ifndef TOCSIN_TESTS_AUDIO_PACING_CARD_H
#define TOCSIN_TESTS_AUDIO_PACING_CARD_H

#include "codecs/base.h"

#include <alsa/asoundlib.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EAR_FRAMES_MAX = 48000 * 60, PACING_PATH = 256 };

struct pacing_card {
    char folder[64];
    char conf[PACING_PATH], fifo[PACING_PATH], wav[PACING_PATH], lost[PACING_PATH];
};

static inline void pacing_card_path(const struct pacing_card *card, char to[PACING_PATH], const char *name)
{
    snprintf(to, PACING_PATH, "%s/%s", card->folder, name);
}

/* more: further parameters of the plug-in, such as "silent true". The plug-in is the one in $BUILD {build}. */
static inline void pacing_card_make(struct pacing_card *card, const char *more)
{
    strcpy(card->folder, "/tmp/tocsin-audio-XXXXXX");
    if (!mkdtemp(card->folder))
        abort();
    pacing_card_path(card, card->conf, "asound.conf");
    pacing_card_path(card, card->fifo, "sound");
    pacing_card_path(card, card->wav, "sound.wav");
    pacing_card_path(card, card->lost, "lost");
    const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
    char plugin[4096];
    snprintf(plugin, sizeof plugin, "%s/libasound_module_pcm_tocsin.so", build);
    char *whole = realpath(plugin, NULL); /* dlopen wants it absolute */
    FILE *f = fopen(card->conf, "w");
    if (!f || !whole)
        abort();
    fprintf(f,
            "pcm_type.tocsin { lib \"%s\" }\n"
            "pcm.village { type tocsin fifo \"%s\" wav \"%s\" lost \"%s\" %s }\n"
            "pcm.plugged { type plug slave.pcm village }\n",
            whole, card->fifo, card->wav, card->lost, more);
    fclose(f);
    free(whole);
    if (mkfifo(card->fifo, 0600) < 0)
        abort();
    setenv("ALSA_CONFIG_PATH", card->conf, 1);
    snd_config_update_free_global();
}

static inline void pacing_card_remove(struct pacing_card *card)
{
    snd_config_update_free_global();
    unlink(card->conf);
    unlink(card->fifo);
    unlink(card->wav);
    unlink(card->lost);
    rmdir(card->folder);
}

struct ear {
    pthread_t thread;
    int fd, quit[2];
    int16_t *frames;
    size_t n;
};

/* The read end stays open for both ways, so that the writer's coming and going is not the end. */
static inline void *ear_listen(void *context)
{
    struct ear *ear = context;
    struct pollfd pfds[2] = {{.fd = ear->fd, .events = POLLIN}, {.fd = ear->quit[0], .events = POLLIN}};
    for (;;) {
        poll(pfds, 2, -1);
        ssize_t got = read(ear->fd, ear->frames + ear->n, (EAR_FRAMES_MAX - ear->n) * sizeof *ear->frames);
        if (got > 0)
            ear->n += (size_t)got / sizeof *ear->frames;
        else if (pfds[1].revents)
            return NULL;
    }
}

static inline void ear_open(struct ear *ear, const char *fifo)
{
    ear->fd = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ear->frames = malloc(EAR_FRAMES_MAX * sizeof *ear->frames);
    ear->n = 0;
    fcntl(ear->fd, F_SETPIPE_SZ, 1 << 20); /* a busy machine may be late to hear */
    if (ear->fd < 0 || !ear->frames || pipe2(ear->quit, O_CLOEXEC) < 0 ||
        pthread_create(&ear->thread, NULL, ear_listen, ear) != 0)
        abort();
}

/* Hears out what is in the FIFO. frames and n stay until ear_free. */
static inline void ear_close(struct ear *ear)
{
    (void)!write(ear->quit[1], "", 1);
    pthread_join(ear->thread, NULL);
    close(ear->fd);
    close(ear->quit[0]);
    close(ear->quit[1]);
}

static inline void ear_free(struct ear *ear)
{
    free(ear->frames);
}

#endif
