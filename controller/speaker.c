/* Speech by uv_queue_work. */
#include "controller/speaker.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct speaker {
    const struct config *config;
    struct uv_loop_s *loop;
    speaker_fn *spoken; /* NULL once freed; the last job frees the rest */
    void *context;
    struct job *jobs;
};

struct job {
    struct job *next;
    uv_work_t work;
    struct speaker *speaker;
    struct voice_call call;
    const struct voice_settings *voice;
    const struct config_recording *recording; /* NULL: text is spoken */
    void *of;
    uint32_t broadcast, index, rate, max_s;
    char *language, *text;
    bool ok;
    struct speech speech;
    struct error error;
};

/* Both recordings in one, so that no language of the alert is needed for them. */
static bool read_recordings(struct job *job)
{
    struct speech zh = {0}, en = {0};
    struct error ignored = {0};
    bool have_zh = clip_read(job->recording->zh, job->rate, job->max_s, &zh, &job->error);
    bool have_en = clip_read(job->recording->en, job->rate, job->max_s, &en, have_zh ? &ignored : &job->error);
    if (!have_zh || !have_en) {
        job->speech = have_zh ? zh : en;
        return have_zh || have_en;
    }
    int16_t *frames = realloc(zh.frames, (zh.n_frames + en.n_frames) * sizeof *frames);
    if (frames) {
        memcpy(frames + zh.n_frames, en.frames, en.n_frames * sizeof *frames);
        zh.frames = frames;
        zh.n_frames += en.n_frames;
        zh.mean_level = zh.mean_level < en.mean_level ? zh.mean_level : en.mean_level;
    }
    speech_free(&en);
    job->speech = zh;
    return true;
}

static void on_worker(uv_work_t *work)
{
    struct job *job = work->data;
    job->ok = job->recording
                  ? read_recordings(job)
                  : voice_speak(job->voice, &job->call, job->language, job->text, job->rate, &job->speech, &job->error);
}

static void unlink_job(struct job *job)
{
    for (struct job **at = &job->speaker->jobs; *at; at = &(*at)->next)
        if (*at == job) {
            *at = job->next;
            return;
        }
}

static void free_job(struct job *job)
{
    free(job->language);
    free(job->text);
    free(job);
}

static void on_loop(uv_work_t *work, int status)
{
    struct job *job = work->data;
    struct speaker *speaker = job->speaker;
    unlink_job(job);
    if (status != 0)
        job->ok = error_set(&job->error, ERROR_INTERNAL, "the voice was not asked: %s", uv_strerror(status));
    if (speaker->spoken)
        speaker->spoken(speaker->context, job->of, job->broadcast, job->index, job->ok ? &job->speech : NULL, &job->error);
    if (job->ok)
        speech_free(&job->speech);
    free_job(job);
    if (!speaker->jobs && !speaker->spoken)
        free(speaker);
}

struct speaker *speaker_create(const struct config *config, struct uv_loop_s *loop, speaker_fn *spoken, void *context)
{
    struct speaker *speaker = calloc(1, sizeof *speaker);
    if (speaker)
        *speaker = (struct speaker){.config = config, .loop = loop, .spoken = spoken, .context = context};
    return speaker;
}

/* Queues a copy of the job, or tells at once that it cannot be done. */
static void ask(struct speaker *speaker, const struct job *what, const char *language, const char *text)
{
    struct error error = {0};
    struct job *job = calloc(1, sizeof *job);
    if (job) {
        *job = *what;
        job->speaker = speaker;
        job->voice = &speaker->config->voice;
        job->max_s = speaker->config->max_speech_s;
        job->work.data = job;
        voice_call_init(&job->call);
        job->language = language ? strdup(language) : NULL;
        job->text = text ? strdup(text) : NULL;
        bool whole = job->recording || (job->language && job->text);
        if (whole && uv_queue_work(speaker->loop, &job->work, on_worker, on_loop) == 0) {
            job->next = speaker->jobs;
            speaker->jobs = job;
            return;
        }
        free_job(job);
    }
    error_set(&error, ERROR_NO_MEMORY, "out of memory for the voice");
    speaker->spoken(speaker->context, what->of, what->broadcast, what->index, NULL, &error);
}

void speaker_ask(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t index, uint32_t rate, const char *language,
                 const char *text)
{
    struct job job = {.of = of, .broadcast = broadcast, .index = index, .rate = rate};
    ask(speaker, &job, language, text);
}

void speaker_ask_recording(struct speaker *speaker, void *of, uint32_t broadcast, uint32_t rate, enum recording which)
{
    struct job job = {.of = of, .broadcast = broadcast, .rate = rate, .recording = &speaker->config->recordings[which]};
    ask(speaker, &job, NULL, NULL);
}

/* One that still waits for a worker is cancelled, one that a worker has loses its child. */
static void stop_job(struct job *job)
{
    uv_cancel((uv_req_t *)&job->work);
    voice_call_stop(&job->call);
}

void speaker_forget(struct speaker *speaker, const void *of, uint32_t broadcast)
{
    for (struct job *job = speaker->jobs; job; job = job->next)
        if (job->of == of && job->broadcast == broadcast)
            stop_job(job);
}

void speaker_free(struct speaker *speaker)
{
    if (!speaker)
        return;
    speaker->spoken = NULL;
    for (struct job *job = speaker->jobs; job; job = job->next)
        stop_job(job);
    if (!speaker->jobs)
        free(speaker);
}
