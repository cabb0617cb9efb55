// SPDX-License-Identifier: BSD-2-Clause
/*
 * Frames of many flows, as fast as one core sends them: a SYN of each flow, or segments of them in
 * an order that no cache likes, for some seconds. The core that sends is the core that receives, as
 * far as veth goes: what comes out is the rate of one core for both, the generator's own cost
 * included. Prints a JSON object, with the rate of each tenth of a second.
 *
 * A flow is a detour port (of the file's lines "ADDRESS:PORT") and a port of the client.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/bench/figures.h"
#include "user/base/addr.h"

#define BATCH		  64
#define FIRST_CLIENT_PORT 32768
#define CLIENT_PORTS	  28000
#define STRIDE		  2654435761u /* prime: visits all flows in an order that looks random */
#define SAMPLE_NS	  100000000ULL

/* MP_JOIN as a SYN carries it (RFC 8684, 3.2); token and nonce are for the server to judge. */
static const uint8_t mp_join[12] = {30, 12, 0x10, 1, 1, 2, 3, 4, 5, 6, 7, 8};

struct frame {
	struct ether_header eth;
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t options[sizeof(mp_join)];
} __attribute__((packed));

struct generator {
	int fd;
	struct endpoint *detours;
	uint32_t detour_count, flows;
	struct frame frames[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr messages[BATCH];
};

static uint32_t sum_words(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* Flow number `flow`'s ports and addresses, and with them the checksums. */
static void frame_set(const struct generator *generator, struct frame *frame, uint32_t flow)
{
	const struct endpoint *detour = &generator->detours[flow % generator->detour_count];
	uint32_t len = frame->tcp.doff * 4;

	frame->ip.daddr = addr_to_v4(&detour->addr).s_addr;
	frame->tcp.dest = detour->port_be;
	frame->tcp.source = htons((uint16_t)(FIRST_CLIENT_PORT + flow / generator->detour_count));
	frame->ip.check = 0;
	frame->ip.check = fold(sum_words(&frame->ip, sizeof(frame->ip), 0));
	frame->tcp.check = 0;
	frame->tcp.check = fold(
		sum_words(&frame->tcp, len, sum_words(&frame->ip.saddr, 8, IPPROTO_TCP + len)));
}

static void frames_init(struct generator *generator, const char *mac, const char *client, bool syn)
{
	const struct ether_addr *to = ether_aton(mac);
	struct frame *frame = generator->frames;
	struct in_addr from;
	size_t len = sizeof(*frame) - (syn ? 0 : sizeof(mp_join));

	errno = 0;
	if (!to || !inet_aton(client, &from))
		give_up("arguments: MAC, client");
	memcpy(frame->eth.ether_dhost, to, ETH_ALEN);
	frame->eth.ether_shost[0] = 2;
	frame->eth.ether_type = htons(ETHERTYPE_IP);
	frame->ip = (struct iphdr){
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP, .saddr = from.s_addr};
	frame->ip.tot_len = htons((uint16_t)(len - sizeof(frame->eth)));
	frame->tcp.doff = syn ? 8 : 5;
	frame->tcp.syn = syn;
	frame->tcp.ack = !syn;
	frame->tcp.window = htons(65535);
	memcpy(frame->options, mp_join, sizeof(mp_join));
	for (size_t i = 0; i < BATCH; i++) {
		generator->frames[i] = *frame;
		generator->iov[i] = (struct iovec){&generator->frames[i], len};
		generator->messages[i].msg_hdr = (struct msghdr){.msg_iov = &generator->iov[i],
								 .msg_iovlen = 1};
	}
}

static void open_interface(struct generator *generator, const char *interface)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)if_nametoindex(interface)};
	int on = 1;

	generator->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (generator->fd < 0 || !to.sll_ifindex ||
	    setsockopt(generator->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) < 0 ||
	    bind(generator->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		give_up(interface);
}

static void read_detours(struct generator *generator, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[ADDR_TEXT_LEN + 2];
	size_t room = 0;

	if (!file)
		give_up(path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (generator->detour_count == room) {
			room = room ? room * 2 : 256;
			generator->detours = reallocarray(generator->detours, room,
							  sizeof(*generator->detours));
			if (!generator->detours)
				give_up("memory");
		}
		errno = -endpoint_parse(line, &generator->detours[generator->detour_count++]);
		if (errno)
			give_up(line);
	}
	fclose(file);
	errno = 0;
	if (!generator->detour_count || generator->flows / generator->detour_count >= CLIENT_PORTS)
		give_up("too few detour ports for so many flows");
}

/* Sends `count` frames of the batch; those that the kernel has no room for are sent again. */
static void send_batch(struct generator *generator, unsigned int count)
{
	unsigned int sent = 0;

	while (sent < count) {
		int n = sendmmsg(generator->fd, generator->messages + sent, count - sent, 0);

		if (n < 0 && errno != ENOBUFS && errno != EAGAIN)
			give_up("send");
		sent += n > 0 ? (unsigned int)n : 0;
	}
}

static void print_result(uint64_t frames, uint64_t took_ns)
{
	printf("{\"frames\": %llu, \"seconds\": %.4f, \"per_second\": %.0f, \"samples\": [",
	       (unsigned long long)frames, (double)took_ns / 1e9,
	       (double)frames * 1e9 / (double)took_ns);
}

static void send_syns(struct generator *generator)
{
	uint64_t begun = now_ns();

	for (uint32_t flow = 0; flow < generator->flows; flow += BATCH) {
		uint32_t left = generator->flows - flow, count = left < BATCH ? left : BATCH;

		for (uint32_t i = 0; i < count; i++)
			frame_set(generator, &generator->frames[i], flow + i);
		send_batch(generator, count);
	}
	print_result(generator->flows, now_ns() - begun);
	printf("]}\n");
}

static void send_segments(struct generator *generator, double seconds)
{
	uint64_t begun = now_ns(), end = begun + (uint64_t)(seconds * 1e9);
	uint64_t frames = 0, sample_begun = begun, sample_frames = 0, now = begun;
	struct figures samples = {0}; /* frames per second, not ns */
	uint32_t position = 0;

	while (now < end) {
		for (uint32_t i = 0; i < BATCH; i++) {
			position += STRIDE;
			frame_set(generator, &generator->frames[i], position % generator->flows);
		}
		send_batch(generator, BATCH);
		frames += BATCH;
		sample_frames += BATCH;
		now = now_ns();
		if (now - sample_begun < SAMPLE_NS)
			continue;
		figures_add(&samples, sample_frames * 1000000000ULL / (now - sample_begun));
		sample_begun = now;
		sample_frames = 0;
	}
	print_result(frames, now - begun);
	for (size_t i = 0; i < samples.count; i++)
		printf("%s%llu", i ? ", " : "", (unsigned long long)samples.values[i]);
	printf("]}\n");
}

int main(int argc, char **argv)
{
	static struct generator generator;
	double seconds;

	if (argc != 7) {
		fprintf(stderr, "usage: bench_frames INTERFACE MAC CLIENT DETOURS-FILE FLOWS "
				"SECONDS   (0: a SYN of each flow)\n");
		return 2;
	}
	generator.flows = (uint32_t)strtoul(argv[5], NULL, 10);
	seconds = strtod(argv[6], NULL);
	read_detours(&generator, argv[4]);
	frames_init(&generator, argv[2], argv[3], seconds <= 0);
	open_interface(&generator, argv[1]);
	if (seconds > 0)
		send_segments(&generator, seconds);
	else
		send_syns(&generator);
	return 0;
}
