/* Modbus TCP (Modbus messaging on TCP/IP V1.0b): our own head in front of each frame, with another transaction number each
 * time. libmodbus gives all raw requests the same one, so that a late reply could pass for the next one's. */
#include "codecs/monotonic.h"
#include "hardware/wire_parts.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static bool send_frame(struct wire *wire, const uint8_t *bytes, size_t n)
{
    uint8_t adu[FRAME_HEAD_BYTES + FRAME_BYTES_MAX];
    frame_put_head(adu, ++wire->transaction, n);
    memcpy(adu + FRAME_HEAD_BYTES, bytes, n);
    ssize_t sent = send(wire->descriptor, adu, FRAME_HEAD_BYTES + n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0 && (size_t)sent < FRAME_HEAD_BYTES + n)
        errno = ECONNRESET; /* half a frame: whatever follows would be taken for the rest of it */
    return sent == (ssize_t)(FRAME_HEAD_BYTES + n);
}

static bool receive_all(struct wire *wire, uint8_t *bytes, size_t n, struct mono deadline)
{
    for (size_t got = 0; got < n;) {
        ssize_t more = recv(wire->descriptor, bytes + got, n - got, MSG_DONTWAIT);
        bool interrupted;
        if (more > 0) {
            got += (size_t)more;
        } else if (more == 0 || (errno != EAGAIN && errno != EINTR)) {
            errno = more == 0 ? ESHUTDOWN : errno;
            return false;
        } else if (wire_wait(wire->descriptor, POLLIN, -1, deadline, &interrupted) == 0) {
            errno = ETIMEDOUT;
            return false;
        }
    }
    return true;
}

static int receive(struct wire *wire, const struct frame_request *request, int64_t within_us, uint8_t bytes[FRAME_BYTES_MAX])
{
    (void)request;
    uint8_t head[FRAME_HEAD_BYTES];
    uint16_t transaction;
    struct mono deadline = mono_plus_us(mono_now(), within_us);
    if (!receive_all(wire, head, sizeof head, deadline))
        return -1;
    size_t n = frame_take_head(head, &transaction);
    if (n == 0) {
        errno = EMBBADDATA;
        return -1;
    }
    if (!receive_all(wire, bytes, n, deadline))
        return -1;
    if (transaction == wire->transaction)
        return (int)n;
    wire->counts.strays += FRAME_HEAD_BYTES + n;
    return 0;
}

const struct wire_kind wire_tcp = {.name = "connection",
                                   .open = wire_socket_open,
                                   .close = wire_socket_close,
                                   .send = send_frame,
                                   .discard = wire_socket_discard,
                                   .begins = wire_socket_begins,
                                   .receive = receive};
