// Stands for NCCL and the CUDA runtime in NcclTests. It checks what it is given, and does what NCCL does, but at once, and by a file that all
// processes map: tensors are in the memory of the CPU. A process is told to use the GPU whose number is its rank.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { INVALID_ARGUMENT = 4, REMOTE_ERROR = 6, FLOAT32 = 7, FLOAT64 = 8, AVERAGE = 4, MOST = 8, SLOT = 1 << 20 };

typedef struct { char internal[128]; } ncclUniqueId;
typedef struct { atomic_int arrived, meetings; char slots[MOST][SLOT]; } Shared;

static Shared *shared;
static int rank, size, communicator, stream, event, device = -1, recorded, waited, asyncError;

// As a kernel does, it waits for ever for a process that does not come.
static void meet(void) {
  int before = shared->meetings;
  if (atomic_fetch_add(&shared->arrived, 1) + 1 == size) {
    shared->arrived = 0;
    shared->meetings++;
  }
  while (shared->meetings == before) usleep(100);
}

// The file lies beside this library. The last byte shows that all of the id arrives.
int ncclGetUniqueId(ncclUniqueId *id) {
  Dl_info library;
  dladdr(&communicator, &library);
  memset(id, 0, sizeof *id);
  id->internal[127] = 127;
  if (snprintf(id->internal, 127, "%s.XXXXXX", library.dli_fname) >= 127) return INVALID_ARGUMENT;
  int file = mkstemp(id->internal);
  int failed = ftruncate(file, sizeof(Shared));
  close(file);
  return failed ? INVALID_ARGUMENT : 0;
}
int ncclCommInitRank(void **comm, int processes, ncclUniqueId id, int number) {
  if (processes > MOST || number < 0 || number >= processes || device != number || id.internal[127] != 127) return INVALID_ARGUMENT;
  int file = open(id.internal, O_RDWR);
  shared = mmap(NULL, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (shared == MAP_FAILED) return INVALID_ARGUMENT;
  rank = number;
  size = processes;
  meet();
  *comm = &communicator;
  return 0;
}

static size_t width_of(int type) { return type == FLOAT32 ? sizeof(float) : type == FLOAT64 ? sizeof(double) : 0; }
// Gives all processes so many bytes; they are there until the second meeting.
static int give(const void *from, size_t bytes, void *comm, void *on) {
  if (!bytes || bytes > SLOT || comm != &communicator || on != &stream || !recorded || waited != recorded) return INVALID_ARGUMENT;
  memcpy(shared->slots[rank], from, bytes);
  meet();
  return 0;
}
int ncclReduceScatter(const void *from, void *to, size_t count, int type, int op, void *comm, void *on) {
  if (op != AVERAGE || give(from, count * size * width_of(type), comm, on)) return INVALID_ARGUMENT;
  for (size_t i = 0; i < count; i++) {
    double sum = 0;
    for (int other = 0; other < size; other++) {
      char *slot = shared->slots[other];
      sum += type == FLOAT32 ? ((float *)slot)[rank * count + i] : ((double *)slot)[rank * count + i];
    }
    if (type == FLOAT32) ((float *)to)[i] = sum / size;
    else ((double *)to)[i] = sum / size;
  }
  meet();
  return 0;
}
int ncclAllGather(const void *from, void *to, size_t count, int type, void *comm, void *on) {
  size_t bytes = count * width_of(type);
  if (give(from, bytes, comm, on)) return INVALID_ARGUMENT;
  for (int other = 0; other < size; other++) memcpy((char *)to + other * bytes, shared->slots[other], bytes);
  meet();
  return 0;
}
int ncclBroadcast(const void *from, void *to, size_t count, int type, int root, void *comm, void *on) {
  size_t bytes = count * width_of(type);
  if (root != 0 || give(from, bytes, comm, on)) return INVALID_ARGUMENT;
  memcpy(to, shared->slots[root], bytes);
  meet();
  return 0;
}
int ncclCommGetAsyncError(void *comm, int *error) { *error = asyncError; return comm == &communicator ? 0 : INVALID_ARGUMENT; }
const char *ncclGetErrorString(int code) { return code == INVALID_ARGUMENT ? "invalid argument" : "remote process exited"; }
int ncclCommDestroy(void *comm) { return comm == &communicator ? 0 : INVALID_ARGUMENT; }
void fail(void) { asyncError = REMOTE_ERROR; }

int cudaSetDevice(int number) { device = number; return 0; }
int cudaStreamCreateWithFlags(void **made, unsigned flags) { *made = &stream; return flags == 1 ? 0 : 1; }
int cudaEventCreateWithFlags(void **made, unsigned flags) { *made = &event; return flags == 2 ? 0 : 1; }
int cudaEventRecord(void *what, void *on) { if (what != &event) return 1; recorded++; return on == &stream || !on ? 0 : 1; }
int cudaStreamWaitEvent(void *on, void *what, unsigned flags) {
  if (what != &event || flags || (on != &stream && on)) return 1;
  waited++;
  return 0;
}
