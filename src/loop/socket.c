// What a BGP speaker asks of a TCP socket beyond reading and writing: MD5 signatures (RFC 2385),
// the sent and the least received TTL (GTSM, RFC 5082), a device to be bound to; and addresses
// between our form and the kernel's.
#include "loop/private.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <unistd.h>

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ? -errno : 0;
}

int address_of_ip(const struct ip *ip, uint16_t port, const char *interface,
		  struct sockaddr_storage *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (ip->bits == 128) {
		struct sockaddr_in6 *a = (struct sockaddr_in6 *)ret;
		a->sin6_family = AF_INET6;
		a->sin6_port = htons(port);
		memcpy(&a->sin6_addr, ip->b, 16);
		if (ip_is_link_local(ip) && interface && *interface) {
			a->sin6_scope_id = if_nametoindex(interface);
			if (!a->sin6_scope_id)
				return -ENODEV;
		}
	} else {
		struct sockaddr_in *a = (struct sockaddr_in *)ret;
		a->sin_family = AF_INET;
		a->sin_port = htons(port);
		memcpy(&a->sin_addr, ip->b, 4);
	}
	return 0;
}

struct ip ip_of_address(const struct sockaddr_storage *address, uint16_t *ret_port)
{
	uint16_t port = 0;
	struct ip ip = {0};

	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *a = (const struct sockaddr_in *)address;
		ip = ip_from_bytes((const uint8_t *)&a->sin_addr, 32);
		port = ntohs(a->sin_port);
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)address;
		ip = ip_from_bytes((const uint8_t *)&a->sin6_addr, 128);
		port = ntohs(a->sin6_port);
	}
	if (ret_port)
		*ret_port = port;
	return ip;
}

int socket_set_md5(int fd, const struct sockaddr_storage *peer, const char *password)
{
	struct tcp_md5sig sig = {0};
	size_t n = password ? strlen(password) : 0;

	if (n > TCP_MD5SIG_MAXKEYLEN)
		return -EINVAL;
	memcpy(&sig.tcpm_addr, peer, sizeof(*peer));
	sig.tcpm_keylen = (uint16_t)n;
	if (n)
		memcpy(sig.tcpm_key, password, n);
	if (!setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &sig, sizeof(sig)))
		return 0;
	return !n && errno == ENOENT ? 0 : -errno; // removing what is not there
}

int socket_set_ttl(int fd, int family, uint8_t ttl)
{
	if (!ttl)
		return 0;
	if (family == AF_INET6)
		return set_int(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl);
	return set_int(fd, IPPROTO_IP, IP_TTL, ttl);
}

int socket_set_min_ttl(int fd, int family, uint8_t min_ttl)
{
	if (family == AF_INET6)
		return set_int(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, min_ttl);
	return set_int(fd, IPPROTO_IP, IP_MINTTL, min_ttl);
}

int socket_set_interface(int fd, const char *interface)
{
	socklen_t n = (socklen_t)strnlen(interface, IFNAMSIZ - 1);

	if (!n)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, n) ? -errno : 0;
}

// A driver tells its name to whoever asks.
static bool is_vrf(int fd, const char *name)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq r = {0};

	if (!*name || strlen(name) >= IFNAMSIZ)
		return false;
	memcpy(r.ifr_name, name, strlen(name));
	r.ifr_data = (char *)&info;
	return !ioctl(fd, SIOCETHTOOL, &r) && !strcmp(info.driver, "vrf");
}

void loop_vrf_devices(struct loop *l, const char *const *names, unsigned count, bool *ret)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (unsigned i = 0; i < count; i++)
		ret[i] = fd >= 0 && is_vrf(fd, names[i]);
	if (fd >= 0)
		close(fd);
}

int local_path_check(const char *path)
{
	struct sockaddr_un a;
	size_t n = strlen(path);

	if (!n)
		return -EINVAL;
	return n < sizeof(a.sun_path) ? 0 : -ENAMETOOLONG; // libuv would cut it silently
}
