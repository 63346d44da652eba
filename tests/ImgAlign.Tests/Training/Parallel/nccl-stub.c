// Stands for NCCL and the CUDA runtime in NcclTests: checks what it is given, and does what a group of one would, but for adding 1.
#include <stddef.h>
#include <string.h>

typedef struct { char internal[128]; } ncclUniqueId;
static int communicator, stream, event, device = -1, recorded, waited, asyncError;

int ncclGetUniqueId(ncclUniqueId *id) { for (int i = 0; i < 128; i++) id->internal[i] = (char)i; return 0; }
int ncclCommInitRank(void **comm, int size, ncclUniqueId id, int rank) {
  for (int i = 0; i < 128; i++) if (id.internal[i] != (char)i) return 4;
  if (size != 1 || rank != 0 || device != 3) return 4;
  *comm = &communicator;
  return 0;
}
static int add_one(const float *from, float *to, size_t count, int type, void *comm, void *on) {
  if (type != 7 || comm != &communicator || on != &stream || !recorded || waited != recorded) return 4;
  for (size_t i = 0; i < count; i++) to[i] = from[i] + 1;
  return 0;
}
int ncclReduceScatter(const void *from, void *to, size_t count, int type, int op, void *comm, void *on) {
  return op == 4 ? add_one(from, to, count, type, comm, on) : 4;
}
int ncclAllGather(const void *from, void *to, size_t count, int type, void *comm, void *on) {
  return add_one(from, to, count, type, comm, on);
}
int ncclBroadcast(const void *from, void *to, size_t count, int type, int root, void *comm, void *on) {
  return root == 0 ? add_one(from, to, count, type, comm, on) : 4;
}
int ncclCommGetAsyncError(void *comm, int *error) { *error = asyncError; return comm == &communicator ? 0 : 4; }
const char *ncclGetErrorString(int code) { return code == 4 ? "invalid argument" : "remote process exited"; }
int ncclCommDestroy(void *comm) { return comm == &communicator ? 0 : 4; }
void fail(void) { asyncError = 6; }

int cudaSetDevice(int number) { device = number; return 0; }
int cudaStreamCreateWithFlags(void **made, unsigned flags) { *made = &stream; return flags == 1 ? 0 : 1; }
int cudaEventCreateWithFlags(void **made, unsigned flags) { *made = &event; return flags == 2 ? 0 : 1; }
int cudaEventRecord(void *what, void *on) { if (what != &event) return 1; recorded++; return on == &stream || !on ? 0 : 1; }
int cudaStreamWaitEvent(void *on, void *what, unsigned flags) {
  if (what != &event || flags || (on != &stream && on)) return 1;
  waited++;
  return 0;
}
