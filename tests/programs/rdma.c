// SPDX-License-Identifier: GPL-2.0
/*
 * rdma DEVICE KILOBYTES: register the beginning of DEVICE (device-dax), mapped, as
 * a memory region of the first RDMA device, and have that write it in every way
 * that there is: as the target of RDMA writes, of a send, of an atomic addition,
 * and as the place of what an RDMA read brings. The other side is this process.
 * Exits 0 when the right bytes are there each time.
 */
#include <err.h>
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PORT 1

static struct ibv_context *context;
static struct ibv_pd *pd;
static struct ibv_cq *cq;
static struct ibv_qp *qps[2];

static char *map(const char *device, size_t size)
{
	int fd = open(device, O_RDWR);
	char *bytes;

	if (fd < 0)
		err(1, "%s", device);
	bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		err(1, "mmap");
	close(fd);
	return bytes;
}

static void open_device(void)
{
	struct ibv_device **devices = ibv_get_device_list(NULL);

	if (!devices || !devices[0])
		errx(1, "no RDMA device");
	context = ibv_open_device(devices[0]);
	if (!context)
		errx(1, "ibv_open_device");
	pd = ibv_alloc_pd(context);
	cq = ibv_create_cq(context, 16, NULL, NULL, 0);
	if (!pd || !cq)
		err(1, "ibv_alloc_pd, ibv_create_cq");
}

static struct ibv_qp *new_qp(void)
{
	struct ibv_qp_init_attr init = {
		.send_cq = cq,
		.recv_cq = cq,
		.qp_type = IBV_QPT_RC,
		.cap = {
			.max_send_wr = 8,
			.max_recv_wr = 8,
			.max_send_sge = 1,
			.max_recv_sge = 1,
		},
	};
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = PORT,
		.qp_access_flags = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |
				   IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_ATOMIC,
	};
	struct ibv_qp *qp = ibv_create_qp(pd, &init);

	if (!qp)
		err(1, "ibv_create_qp");
	if (ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
			  IBV_QP_ACCESS_FLAGS))
		err(1, "ibv_modify_qp: init");
	return qp;
}

/* The address of this machine is the other's, too: the last one is IPv4 */
static int gid_of_port(union ibv_gid *gid)
{
	static const union ibv_gid none;
	struct ibv_port_attr port;
	int found = -1;

	if (ibv_query_port(context, PORT, &port))
		err(1, "ibv_query_port");
	for (int i = 0; i < port.gid_tbl_len; i++) {
		union ibv_gid one;

		if (!ibv_query_gid(context, PORT, i, &one) && memcmp(&one, &none, sizeof(one))) {
			found = i;
			*gid = one;
		}
	}
	if (found < 0)
		errx(1, "the port has no address");
	return found;
}

static void join(struct ibv_qp *qp, unsigned int other)
{
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = IBV_MTU_1024,
		.dest_qp_num = other,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = 12,
		.ah_attr = {
			.is_global = 1,
			.port_num = PORT,
			.grh.hop_limit = 1,
		},
	};

	attr.ah_attr.grh.sgid_index = gid_of_port(&attr.ah_attr.grh.dgid);
	if (ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU |
			  IBV_QP_DEST_QPN | IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
			  IBV_QP_MIN_RNR_TIMER))
		err(1, "ibv_modify_qp: ready to receive");
	attr = (struct ibv_qp_attr){
		.qp_state = IBV_QPS_RTS,
		.timeout = 14,
		.retry_cnt = 7,
		.rnr_retry = 7,
		.max_rd_atomic = 1,
	};
	if (ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
			  IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC))
		err(1, "ibv_modify_qp: ready to send");
}

static struct ibv_mr *region(void *start, size_t size)
{
	struct ibv_mr *mr = ibv_reg_mr(pd, start, size, IBV_ACCESS_LOCAL_WRITE |
				       IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ |
				       IBV_ACCESS_REMOTE_ATOMIC);

	if (!mr)
		err(1, "ibv_reg_mr");
	return mr;
}

static struct ibv_sge part(struct ibv_mr *mr, size_t length)
{
	return (struct ibv_sge){
		.addr = (uintptr_t)mr->addr,
		.length = length,
		.lkey = mr->lkey,
	};
}

/* Until as many are done, well */
static void finish(unsigned int count, const char *what)
{
	while (count) {
		struct ibv_wc wc;
		int got = ibv_poll_cq(cq, 1, &wc);

		if (got < 0)
			errx(1, "ibv_poll_cq");
		if (!got)
			continue;
		if (wc.status != IBV_WC_SUCCESS)
			errx(1, "%s: %s", what, ibv_wc_status_str(wc.status));
		count--;
	}
}

/* By the first queue pair: from or to the local region, at the remote one */
static void post(enum ibv_wr_opcode opcode, struct ibv_mr *local, struct ibv_mr *remote,
		 size_t length)
{
	struct ibv_sge sge = part(local, length);
	struct ibv_send_wr *bad, wr = {
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = opcode,
		.send_flags = IBV_SEND_SIGNALED,
	};

	if (opcode == IBV_WR_ATOMIC_FETCH_AND_ADD) {
		wr.wr.atomic.remote_addr = (uintptr_t)remote->addr;
		wr.wr.atomic.rkey = remote->rkey;
		wr.wr.atomic.compare_add = 5;
	} else {
		wr.wr.rdma.remote_addr = (uintptr_t)remote->addr;
		wr.wr.rdma.rkey = remote->rkey;
	}
	if (ibv_post_send(qps[0], &wr, &bad))
		err(1, "ibv_post_send");
}

static void fill(char *bytes, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (i + 1) * 2654435761U >> 13 ^ seed;
}

static void same(const char *what, const char *bytes, const char *wanted, size_t size)
{
	if (memcmp(bytes, wanted, size))
		errx(1, "%s: other bytes", what);
}

int main(int argc, char **argv)
{
	size_t size = argc == 3 ? strtoul(argv[2], NULL, 0) << 10 : 0;
	unsigned long before, after;
	struct ibv_mr *dax, *ram;
	struct ibv_sge sge;
	struct ibv_recv_wr *bad, wr = {
		.sg_list = &sge,
		.num_sge = 1,
	};
	char *pmem, *bytes;

	if (!size)
		errx(2, "usage: rdma DEVICE KILOBYTES");
	open_device();
	qps[0] = new_qp();
	qps[1] = new_qp();
	join(qps[0], qps[1]->qp_num);
	join(qps[1], qps[0]->qp_num);

	/* device-dax is mapped in multiples of its alignment */
	pmem = map(argv[1], (size + (2 << 20) - 1) & ~((2UL << 20) - 1));
	bytes = aligned_alloc(4096, size);
	if (!bytes)
		err(1, "aligned_alloc");
	dax = region(pmem, size);
	ram = region(bytes, size);

	fill(bytes, size, 1);
	post(IBV_WR_RDMA_WRITE, ram, dax, size);
	finish(1, "write");
	same("write", pmem, bytes, size);

	fill(bytes, size, 2);
	post(IBV_WR_RDMA_READ, dax, ram, size);
	finish(1, "read");
	same("read", pmem, bytes, size);

	fill(bytes, size, 3);
	sge = part(dax, size);
	if (ibv_post_recv(qps[1], &wr, &bad))
		err(1, "ibv_post_recv");
	post(IBV_WR_SEND, ram, dax, size);
	finish(2, "send");
	same("send", pmem, bytes, size);

	memcpy(&before, pmem, sizeof(before));
	post(IBV_WR_ATOMIC_FETCH_AND_ADD, ram, dax, 8);
	finish(1, "atomic addition");
	memcpy(&after, pmem, sizeof(after));
	if (after != before + 5)
		errx(1, "atomic addition: %lx became %lx", before, after);
	return 0;
}
