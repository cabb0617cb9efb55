// SPDX-License-Identifier: BSD-2-Clause
/* Literals are taken as they are; names are asked for one after another (uv_getaddrinfo). */
#include "user/agent/resolver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"

struct resolver {
	uv_getaddrinfo_t request;
	uv_loop_t *loop;
	int family;
	char *const *texts;
	size_t next; /* text */
	struct endpoint endpoints[RESOLVER_MAX];
	size_t count;
	int err;
	bool busy;
	bool freed; /* by its owner, while busy */
	resolver_done done;
	void *owner;
};

int resolver_new(uv_loop_t *loop, int family, char *const *texts, resolver_done done, void *owner,
		 struct resolver **ret_resolver)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver)
		return -ENOMEM;
	resolver->loop = loop;
	resolver->family = family;
	resolver->texts = texts;
	resolver->done = done;
	resolver->owner = owner;
	resolver->request.data = resolver;
	*ret_resolver = resolver;
	return 0;
}

bool resolver_has_hope(int family, char *const *texts)
{
	struct endpoint endpoint;

	for (size_t i = 0; texts[i]; i++) {
		if (endpoint_parse(texts[i], &endpoint) < 0 ||
		    addr_family(&endpoint.addr) == family)
			return true;
	}
	return false;
}

static void add_endpoint(struct resolver *resolver, const struct endpoint *endpoint)
{
	if (addr_family(&endpoint->addr) != resolver->family || resolver->count >= RESOLVER_MAX)
		return;
	for (size_t i = 0; i < resolver->count; i++) {
		if (endpoint_equal(&resolver->endpoints[i], endpoint))
			return;
	}
	resolver->endpoints[resolver->count++] = *endpoint;
}

static void resolve_next(struct resolver *resolver);

static void answered(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
	struct resolver *resolver = request->data;
	struct endpoint endpoint;

	resolver->busy = false;
	for (const struct addrinfo *info = list; info && !resolver->freed; info = info->ai_next) {
		if (endpoint_from_sockaddr(info->ai_addr, &endpoint) == 0)
			add_endpoint(resolver, &endpoint);
	}
	uv_freeaddrinfo(list);
	if (resolver->freed) {
		free(resolver);
		return;
	}
	if (status < 0)
		resolver->err = status;
	resolve_next(resolver);
}

/* Asks for one name; false if it could not be asked. */
static bool ask(struct resolver *resolver, const char *text)
{
	struct addrinfo hints = {.ai_family = resolver->family, .ai_socktype = SOCK_STREAM};
	_cleanup_free_ char *host = strdup(text);
	char *colon = host ? strrchr(host, ':') : NULL;

	if (!colon)
		return false;
	*colon = '\0';
	resolver->err = uv_getaddrinfo(resolver->loop, &resolver->request, answered, host,
				       colon + 1, &hints);
	resolver->busy = resolver->err == 0;
	return resolver->busy;
}

static void resolve_next(struct resolver *resolver)
{
	const char *text;

	while ((text = resolver->texts[resolver->next])) {
		struct endpoint endpoint;

		resolver->next++;
		if (endpoint_parse(text, &endpoint) == 0)
			add_endpoint(resolver, &endpoint);
		else if (ask(resolver, text))
			return;
	}
	resolver->done(resolver->owner, resolver->endpoints, resolver->count,
		       resolver->count ? 0 : resolver->err);
}

void resolver_start(struct resolver *resolver)
{
	if (resolver->busy)
		return;
	resolver->next = resolver->count = 0;
	resolver->err = 0;
	resolve_next(resolver);
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	if (resolver->busy) {
		resolver->freed = true;
		uv_cancel((uv_req_t *)&resolver->request);
		return;
	}
	free(resolver);
}
