/* The yardstick of `pnpm bench simulation`: the same recursion as libs/simulation, as plain C. A job of an M/M/c queue
 * starts when it has arrived and the server that is free first is free; a binary heap holds when servers are free.
 * usage: mmc-reference SERVERS RHO JOBS HISTOGRAMS(0|1)   prints: jobs-per-second-of-CPU mean-wait share-that-waits */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint32_t a = 1, b = 2, c3 = 3, counter = 1;
static inline uint32_t bits32(void) { /* sfc32, Chris Doty-Humphrey */
  uint32_t t = a + b + counter++;
  a = b ^ (b >> 9);
  b = c3 + (c3 << 3);
  c3 = ((c3 << 21) | (c3 >> 11)) + t;
  return t;
}

static double edge[257], height[257];
static void build(void) { /* ziggurat for exponentials, 256 layers */
  const double base = 7.69711747013104972, area = 0.0039496598225815571993;
  edge[0] = area / exp(-base);
  edge[1] = base;
  for (int i = 2; i < 256; i++) edge[i] = -log(exp(-edge[i - 1]) + area / edge[i - 1]);
  edge[256] = 0;
  for (int i = 0; i <= 256; i++) height[i] = exp(-edge[i]);
}

static inline double exponential(void) {
  for (;;) {
    uint32_t layer = bits32() & 255;
    double x = (bits32() + 0.5) * (1.0 / 4294967296.0) * edge[layer];
    if (x < edge[layer + 1]) return x;
    double u = (bits32() + 0.5) * (1.0 / 4294967296.0);
    if (layer == 0) return edge[1] - log(u);
    if (height[layer] + u * (height[layer + 1] - height[layer]) < exp(-x)) return x;
  }
}

static uint32_t waits[20000], responses[20000];
static inline void count(uint32_t *bins, double value) {
  uint64_t word;
  memcpy(&word, &value, 8);
  int64_t bin = (int64_t)(word >> 44) - ((1023 - 20) << 8) + 1;
  bins[value <= 0 ? 0 : bin < 1 ? 1 : bin > 19999 ? 19999 : bin]++;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  const int servers = atoi(argv[1]);
  const double rho = atof(argv[2]);
  const long jobs = atol(argv[3]);
  const int histograms = atoi(argv[4]);
  const double gap = 1 / (rho * servers);
  double *heap = calloc((size_t)servers + 2, sizeof(double));
  build();
  for (int i = 0; i < 20; i++) bits32();
  double arrival = 0, sum = 0;
  long waited = 0;
  clock_t from = clock();
  for (long job = 0; job < jobs; job++) {
    arrival += exponential() * gap;
    double start = heap[1] > arrival ? heap[1] : arrival;
    double wait = start - arrival;
    sum += wait;
    waited += wait > 0;
    double finish = start + exponential();
    if (histograms) {
      count(waits, wait);
      count(responses, finish - arrival);
    }
    int at = 1, child = 2;
    while (child <= servers) {
      if (child < servers && heap[child + 1] < heap[child]) child++;
      if (finish <= heap[child]) break;
      heap[at] = heap[child];
      at = child;
      child = 2 * at;
    }
    heap[at] = finish;
  }
  double seconds = (double)(clock() - from) / CLOCKS_PER_SEC;
  printf("%.0f %.6f %.6f\n", (double)jobs / seconds, sum / (double)jobs, (double)waited / (double)jobs);
  return 0;
}
