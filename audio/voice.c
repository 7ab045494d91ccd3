/* The client of tocsin-voice: one child per text, a sentence at a time over a socket, or one per recording, and no longer than
 * the deadline. */
#include "audio/voice.h"
#include "audio/speech.h"
#include "audio/voice_text.h"
#include "codecs/monotonic.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAUSE_MS = 250 /* between sentences */, SPEECH_MAX_S = 300, HEADER_MAX = 300 };

/* A running tocsin-voice and what it has said so far. */
struct talk {
    const struct voice_settings *settings;
    struct voice_call *call; /* may be NULL */
    int file;                /* the recording; -1 for a text */
    uint32_t max_s;          /* of a recording */
    pid_t pid;
    int fd;
    struct mono deadline;
    uint32_t rate; /* of the voice; 0 until the first sentence */
    float *mono;
    size_t n;
    bool goes_on; /* the voice lives, and can be asked for the next sentence */
};

bool voice_speaks(const char *language)
{
    enum voice_language unused;
    return voice_language_of(language, &unused);
}

/* ---- the call ---- */

void voice_call_init(struct voice_call *call)
{
    *call = (struct voice_call){.fd = -1};
    pthread_mutex_init(&call->lock, NULL);
}

/* The child's end of the socket hangs up, and whoever waits for it kills the child. */
void voice_call_stop(struct voice_call *call)
{
    pthread_mutex_lock(&call->lock);
    call->stopped = true;
    if (call->fd >= 0)
        shutdown(call->fd, SHUT_RDWR);
    pthread_mutex_unlock(&call->lock);
}

/* Shows the socket to voice_call_stop, or with -1 takes it away before it is closed. False if the call was stopped. */
static bool show(struct voice_call *call, int fd)
{
    if (!call)
        return true;
    pthread_mutex_lock(&call->lock);
    call->fd = fd;
    bool stopped = call->stopped;
    pthread_mutex_unlock(&call->lock);
    return !stopped;
}

/* ---- the child ---- */

static int spawn(struct talk *t, int child_end)
{
    char cpu[16], memory[16], decode[16];
    snprintf(cpu, sizeof cpu, "%u", t->settings->cpu_s);
    snprintf(memory, sizeof memory, "%u", t->settings->memory_mib);
    snprintf(decode, sizeof decode, "%u", t->max_s);
    const char *argv[] = {t->settings->program,
                          "--cpu",
                          cpu,
                          "--memory",
                          memory,
                          t->file >= 0 ? "--decode" : "--english",
                          t->file >= 0 ? decode : t->settings->english,
                          NULL};
    char *envp[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, t->file >= 0 ? t->file : child_end, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, child_end, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1 /* O_WRONLY */, 0);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int err = posix_spawn(&t->pid, t->settings->program, &actions, &attr, (char *const *)argv, envp);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

static bool begin(struct talk *t, struct error *error)
{
    int ends[2];
    t->deadline = mono_plus_ms(mono_now(), t->settings->deadline_ms);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return error_set(error, ERROR_IO, "no socket for the voice: %s", strerror(errno));
    int err = spawn(t, ends[1]);
    close(ends[1]);
    t->fd = ends[0];
    if (err == 0)
        return show(t->call, t->fd) || error_set(error, ERROR_IO, "the voice was stopped");
    close(t->fd);
    t->fd = -1;
    return error_set(error, ERROR_IO, "the voice %s cannot be run: %s", t->settings->program, strerror(err));
}

/* Ends the child whatever it is doing; returns how it ended (a child that had ended by itself keeps its own way). */
static int end(struct talk *t)
{
    int status = 0;
    if (t->fd < 0)
        return 0;
    show(t->call, -1);
    close(t->fd);
    t->fd = -1;
    kill(t->pid, SIGKILL);
    while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static bool died(struct talk *t, struct error *error)
{
    int status = end(t);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        return error_set(error, ERROR_TIMEOUT, "the voice used more than %u s of the processor", t->settings->cpu_s);
    if (WIFSIGNALED(status))
        return error_set(error, ERROR_IO, "the voice ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) == 127) /* posix_spawn may say it in this way only */
        return error_set(error, ERROR_IO, "the voice %s cannot be run", t->settings->program);
    return error_set(error, ERROR_IO, "the voice ended with status %d", WEXITSTATUS(status));
}

/* ---- one sentence ---- */

/* Waits until the socket is ready for events, at most until the deadline. */
static bool ready(struct talk *t, short events, struct error *error)
{
    for (;;) {
        int64_t left = mono_since(t->deadline, mono_now());
        if (left <= 0)
            break;
        struct pollfd pfd = {.fd = t->fd, .events = events};
        int n = poll(&pfd, 1, (int)(left / 1000 + 1));
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return error_set(error, ERROR_IO, "the voice cannot be waited for: %s", strerror(errno));
    }
    end(t);
    return error_set(error, ERROR_TIMEOUT, "the voice took longer than %u ms", t->settings->deadline_ms);
}

static bool send_all(struct talk *t, const char *data, size_t size, struct error *error)
{
    while (size > 0) {
        if (!ready(t, POLLOUT, error))
            return false;
        ssize_t n = send(t->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return died(t, error);
        data += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool receive_all(struct talk *t, void *data, size_t size, struct error *error)
{
    char *to = data;
    while (size > 0) {
        if (!ready(t, POLLIN, error))
            return false;
        ssize_t n = recv(t->fd, to, size, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return died(t, error);
        to += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool receive_line(struct talk *t, char line[HEADER_MAX], struct error *error)
{
    for (size_t n = 0; n < HEADER_MAX; n++) {
        if (!receive_all(t, line + n, 1, error))
            return false;
        if (line[n] == '\n') {
            line[n] = '\0';
            return true;
        }
    }
    return error_set(error, ERROR_IO, "the voice answered with no line");
}

static bool make_room(struct talk *t, size_t pause, size_t n, struct error *error)
{
    size_t most = (size_t)SPEECH_MAX_S * t->rate;
    if (n > most || t->n + pause + n > most)
        return error_set(error, ERROR_TOO_LARGE, "it lasts longer than %d s", SPEECH_MAX_S);
    float *bigger = realloc(t->mono, (t->n + pause + n) * sizeof *bigger);
    if (!bigger)
        return error_set(error, ERROR_NO_MEMORY, "no memory for the speech");
    t->mono = bigger;
    return true;
}

/* Frames of one sentence, after a pause if it is not the first. */
static bool receive_frames(struct talk *t, size_t n, struct error *error)
{
    enum { PIECE = 2048 };
    int16_t piece[PIECE] = {0};
    size_t pause = t->n ? (size_t)t->rate * PAUSE_MS / 1000 : 0;
    if (!make_room(t, pause, n, error))
        return false;
    while (pause-- > 0)
        t->mono[t->n++] = 0;
    while (n > 0) {
        size_t some = n < PIECE ? n : PIECE;
        if (!receive_all(t, piece, some * sizeof *piece, error))
            return false;
        for (size_t i = 0; i < some; i++)
            t->mono[t->n++] = (float)piece[i] / 32768;
        n -= some;
    }
    return true;
}

/* "no CODE WHY": the reason is the child's, the kind one that the caller can do something with. */
static bool take_refusal(struct talk *t, const char *line, struct error *error)
{
    char *why;
    unsigned long code = strtoul(line, &why, 10);
    t->goes_on = code != ERROR_UNSUPPORTED; /* that is the whole language */
    return error_set(error, code == ERROR_UNSUPPORTED ? ERROR_UNSUPPORTED : ERROR_INVALID, "%s", why + (*why == ' '));
}

/* The answer to a sentence or a recording. cut: it says that there was more. */
static bool receive_answer(struct talk *t, bool *cut, struct error *error)
{
    char line[HEADER_MAX], *rest;
    if (!receive_line(t, line, error))
        return false;
    if (strncmp(line, "no ", 3) == 0)
        return take_refusal(t, line + 3, error);
    bool ok = strncmp(line, "ok ", 3) == 0;
    unsigned long rate = ok ? strtoul(line + 3, &rest, 10) : 0, n = ok ? strtoul(rest, &rest, 10) : 0;
    if (rate < 4000 || rate > 192000 || n == 0 || (t->rate && rate != t->rate))
        return error_set(error, ERROR_IO, "the voice answered \"%.60s\"", line);
    t->rate = (uint32_t)rate;
    *cut = strcmp(rest, " cut") == 0;
    t->goes_on = receive_frames(t, n, error);
    return t->goes_on;
}

static bool speak_sentence(struct talk *t, const char *language, struct slice sentence, struct error *error)
{
    char line[HEADER_MAX];
    bool cut;
    t->goes_on = false;
    snprintf(line, sizeof line, "%.2s %zu\n", language, sentence.size);
    return send_all(t, line, strlen(line), error) && send_all(t, sentence.data, sentence.size, error) &&
           receive_answer(t, &cut, error);
}

/* ---- a text ---- */

/* Says of which sentence an error is. */
static bool name_sentence(struct error *error, size_t number, struct slice sentence)
{
    char begins[64];
    snprintf(begins, sizeof begins, "%.*s", (int)(sentence.size < 60 ? sentence.size : 60), sentence.data);
    text_copy(begins, 48, begins);
    return error_prefix(error, "sentence %zu \"%s\"", number, begins);
}

/* One odd sentence does not silence the others of a warning. A voice that dies or hangs has spoken what it has spoken. */
static bool speak_text(struct talk *t, const char *language, const char *text, char skipped[VOICE_SKIPPED_MAX],
                       struct error *error)
{
    struct slice rest = slice_of(text), sentence;
    struct error first = {ERROR_INVALID, "there is nothing to speak in the text"};
    size_t number = 0, failed = 0;
    t->goes_on = true;
    while (t->goes_on && (sentence = voice_next_sentence(&rest)).size > 0) {
        size_t before = t->n;
        struct error why = {0};
        number++;
        if (speak_sentence(t, language, sentence, &why))
            continue;
        t->n = before;
        name_sentence(&why, number, sentence);
        if (failed++ == 0)
            first = why;
    }
    if (t->n == 0) {
        *error = first;
        return false;
    }
    if (failed)
        text_print(skipped, VOICE_SKIPPED_MAX, "%s%s",
                   failed > 1   ? "several sentences, the first: "
                   : t->goes_on ? ""
                                : "nothing from here on: ",
                   first.message);
    return true;
}

/* Ends the child and makes speech of what it has said, if ok. */
static bool finish(struct talk *t, bool ok, uint32_t rate, struct speech *speech, struct error *error)
{
    ok = ok && (show(t->call, t->fd) || error_set(error, ERROR_IO, "the voice was stopped"));
    end(t);
    ok = ok && speech_finish(t->mono, t->n, t->rate, rate, speech, error);
    free(t->mono);
    return ok;
}

bool voice_speak(const struct voice_settings *settings, struct voice_call *call, const char *language, const char *text,
                 uint32_t rate, struct speech *speech, struct error *error)
{
    *speech = (struct speech){0};
    if (!voice_speaks(language))
        return error_set(error, ERROR_UNSUPPORTED, "no voice speaks %.20s (zh and en are spoken)", language);
    if (strlen(text) > VOICE_TEXT_MAX)
        return error_set(error, ERROR_TOO_LARGE, "a text of %zu bytes: at most %d", strlen(text), VOICE_TEXT_MAX);
    if (!text_is_utf8(slice_of(text)))
        return error_set(error, ERROR_INVALID, "the text is not UTF-8");
    struct talk t = {.settings = settings, .call = call, .file = -1, .fd = -1};
    char skipped[VOICE_SKIPPED_MAX] = "";
    bool ok = begin(&t, error) && speak_text(&t, language, text, skipped, error);
    ok = finish(&t, ok, rate, speech, error);
    text_copy(speech->skipped, sizeof speech->skipped, skipped);
    return ok;
}

/* ---- a recording ---- */

/* A file in memory, which the child can seek in; -1 after saying why. */
static int file_of(struct slice bytes, struct error *error)
{
    int fd = memfd_create("tocsin-recording", MFD_CLOEXEC);
    size_t written = 0;
    ssize_t n = 0;
    while (fd >= 0 && written < bytes.size && (n = write(fd, bytes.data + written, bytes.size - written)) > 0)
        written += (size_t)n;
    if (fd >= 0 && written == bytes.size && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    error_set(error, ERROR_IO, "no memory for the recording: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

bool voice_play(const struct voice_settings *settings, struct voice_call *call, struct slice file, uint32_t rate,
                uint32_t max_s, struct speech *speech, struct error *error)
{
    *speech = (struct speech){0};
    struct talk t = {.settings = settings, .call = call, .max_s = max_s < SPEECH_MAX_S ? max_s : SPEECH_MAX_S, .fd = -1};
    bool cut = false;
    t.file = file_of(file, error);
    if (t.file < 0)
        return false;
    bool ok = begin(&t, error) && receive_answer(&t, &cut, error);
    close(t.file);
    ok = finish(&t, ok, rate, speech, error);
    speech->shortened = cut;
    return ok;
}
