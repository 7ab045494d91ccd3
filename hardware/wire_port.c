/* Adapters: how the end of a transmission is known on each, low latency for USB, RS-485 mode for UARTs. */
#include "hardware/wire_port.h"

#include <errno.h>
#include <limits.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum line_adapter wire_port_adapter(const struct line_settings *settings)
{
    if (settings->adapter != ADAPTER_AUTO)
        return settings->adapter;
    char *real = realpath(settings->device, NULL); /* /dev/serial/by-id and the village's links point elsewhere */
    const char *name = real ? real : settings->device;
    enum line_adapter adapter = ADAPTER_UART;
    if (strncmp(name, "/dev/pts/", 9) == 0)
        adapter = ADAPTER_PTY;
    else if (strncmp(name, "/dev/ttyUSB", 11) == 0 || strncmp(name, "/dev/ttyACM", 11) == 0)
        adapter = ADAPTER_USB;
    free(real);
    return adapter;
}

static void add_warning(char method[256], const char *what)
{
    size_t used = strlen(method);
    snprintf(method + used, 256 - used, "; warning: %s: %s", what, strerror(errno));
}

/* The 16 ms that an FTDI holds back short replies would be a third of a transaction. */
static bool ask_low_latency(int descriptor)
{
    struct serial_struct serial;
    if (ioctl(descriptor, TIOCGSERIAL, &serial) != 0)
        return false;
    serial.flags = (int)((unsigned)serial.flags | ASYNC_LOW_LATENCY);
    return ioctl(descriptor, TIOCSSERIAL, &serial) == 0;
}

void wire_port_tune(modbus_t *modbus, enum line_adapter adapter, char method[256])
{
    const char *how = "write start + bytes x character time";
    if (adapter == ADAPTER_UART) {
        snprintf(method, 256, "uart: later of tcdrain and %s", how);
        if (modbus_rtu_set_serial_mode(modbus, MODBUS_RTU_RS485) != 0)
            add_warning(method, "RS-485 mode is refused by the driver");
    } else if (adapter == ADAPTER_USB) {
        snprintf(method, 256, "usb: %s", how);
        if (!ask_low_latency(modbus_get_socket(modbus)))
            add_warning(method, "low latency is refused by the driver");
    } else {
        snprintf(method, 256, "pty: %s", how);
    }
}
