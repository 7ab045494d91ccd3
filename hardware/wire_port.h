/* Which kind of adapter a device is, and what can be asked of its driver. Inside of the wire only. */
#ifndef TOCSIN_HARDWARE_WIRE_PORT_H
#define TOCSIN_HARDWARE_WIRE_PORT_H

#include "hardware/line.h"

#include <modbus/modbus.h>

/* Resolves ADAPTER_AUTO by where the device really is. */
enum line_adapter wire_port_adapter(const struct line_settings *settings);

/* Asks an FTDI-like driver for low latency and a UART for RS-485 mode; what fails becomes a warning in method. */
void wire_port_tune(modbus_t *modbus, enum line_adapter adapter, char method[256]);

#endif
