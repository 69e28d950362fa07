/* A tox node of libtoxcore, told by lines on stdin what to do, and telling by lines on stdout what
 * came of it.
 *
 *   tox [MS]           iterates every MS milliseconds; without, whenever the library asks for it
 *
 *   befriend ADDRESS   -> online, once there is a connection with that node
 *   bootstrap DHT PORT    from this node, on 127.0.0.1
 *   flood COUNT SIZE   -> flood SECONDS, once every one is acknowledged
 *   ping COUNT         -> ping MS MS ..., a message and its answer each
 *
 * First it says `ready ADDRESS DHT PORT`.
 */
#define _POSIX_C_SOURCE 200809L
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tox/tox.h>
#include <unistd.h>

enum { PING = '?', PONG = '!', BULK = '.', ID = 2 * TOX_ADDRESS_SIZE + 1 };

static struct {
    unsigned long left, unsent, unacknowledged;
    size_t size;
    double start;
} flood;

static struct {
    unsigned long left, number;
    double start;
} ping;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void hex(const uint8_t *bytes, size_t size, char *text) {
    for (size_t i = 0; i < size; i++) snprintf(text + 2 * i, 3, "%02X", bytes[i]);
}

static void unhex(const char *text, uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned byte = 0;
        sscanf(text + 2 * i, "%2x", &byte);
        bytes[i] = (uint8_t)byte;
    }
}

/* Whether the library takes it now. */
static int say(Tox *tox, const uint8_t *text, size_t size) {
    Tox_Err_Friend_Send_Message error;
    tox_friend_send_message(tox, 0, TOX_MESSAGE_TYPE_NORMAL, text, size, &error);
    return error == TOX_ERR_FRIEND_SEND_MESSAGE_OK;
}

static void send_ping(Tox *tox) {
    char text[32];
    int size = snprintf(text, sizeof text, "%c%lu", PING, ++ping.number);
    ping.start = now();
    say(tox, (const uint8_t *)text, (size_t)size);
}

static void on_connection(Tox *tox, uint32_t friend, Tox_Connection connection, void *data) {
    (void)tox, (void)friend, (void)data;
    /* what is under way goes with the connection, and is for us to say again */
    if (connection == TOX_CONNECTION_NONE)
        flood.unsent = flood.unacknowledged;
    else
        puts("online");
}

static void on_message(Tox *tox, uint32_t friend, Tox_Message_Type type, const uint8_t *text,
                       size_t size, void *data) {
    (void)friend, (void)type, (void)data;
    if (text[0] == PING) {
        uint8_t answer[32] = {PONG};
        size = size < sizeof answer ? size : sizeof answer;
        memcpy(answer + 1, text + 1, size - 1);
        say(tox, answer, size);
    } else if (text[0] == PONG && ping.left > 0) {
        printf(" %.3f", 1e3 * (now() - ping.start));
        if (--ping.left > 0)
            send_ping(tox);
        else
            putchar('\n');
    }
}

static void on_receipt(Tox *tox, uint32_t friend, uint32_t message, void *data) {
    (void)tox, (void)friend, (void)message, (void)data;
    if (flood.unacknowledged > 0 && --flood.unacknowledged == 0)
        printf("flood %.3f\n", now() - flood.start);
}

/* As many as the library takes. */
static void go_on(Tox *tox) {
    static uint8_t text[TOX_MAX_MESSAGE_LENGTH];
    memset(text, BULK, sizeof text);
    while (flood.unsent > 0 && say(tox, text, flood.size)) flood.unsent--;
}

static void obey(Tox *tox, const char *line) {
    char id[ID];
    unsigned port;
    if (sscanf(line, "befriend %76s", id) == 1) {
        uint8_t key[TOX_PUBLIC_KEY_SIZE];
        unhex(id, key, sizeof key);
        tox_friend_add_norequest(tox, key, NULL);
    } else if (sscanf(line, "bootstrap %76s %u", id, &port) == 2) {
        uint8_t key[TOX_PUBLIC_KEY_SIZE];
        unhex(id, key, sizeof key);
        tox_bootstrap(tox, "127.0.0.1", (uint16_t)port, key, NULL);
    } else if (sscanf(line, "flood %lu %zu", &flood.unsent, &flood.size) == 2) {
        flood.unacknowledged = flood.unsent;
        flood.start = now();
    } else if (sscanf(line, "ping %lu", &ping.left) == 1) {
        fputs("ping", stdout);
        send_ping(tox);
    }
}

/* Waits for a line for so long at most. */
static void listen_for(Tox *tox, int milliseconds) {
    static char line[256];
    static size_t length;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&input, 1, milliseconds) <= 0) return;
    char next;
    do {
        if (read(STDIN_FILENO, &next, 1) != 1) exit(EXIT_SUCCESS);
        if (length + 1 < sizeof line) line[length++] = next;
    } while (next != '\n');
    line[length] = 0;
    length = 0;
    obey(tox, line);
}

int main(int count, char **arguments) {
    struct Tox_Options *options = tox_options_new(NULL);
    Tox *tox = tox_new(options, NULL);
    if (tox == NULL) return EXIT_FAILURE;
    tox_options_free(options);
    tox_callback_friend_connection_status(tox, on_connection);
    tox_callback_friend_message(tox, on_message);
    tox_callback_friend_read_receipt(tox, on_receipt);

    uint8_t address[TOX_ADDRESS_SIZE], dht[TOX_PUBLIC_KEY_SIZE];
    char address_text[ID], dht_text[ID];
    tox_self_get_address(tox, address);
    tox_self_get_dht_id(tox, dht);
    hex(address, sizeof address, address_text);
    hex(dht, sizeof dht, dht_text);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("ready %s %s %u\n", address_text, dht_text, tox_self_get_udp_port(tox, NULL));
    for (;;) {
        tox_iterate(tox, NULL);
        go_on(tox);
        listen_for(tox, count > 1 ? atoi(arguments[1]) : (int)tox_iteration_interval(tox));
    }
}
