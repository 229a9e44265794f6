/* The real MPI program of the rigs: every rank says who and where it is, and the ranks add up their numbers together, which
 * only works when they were started as one program.  mpi-hello [SECONDS]: sleep so long between saying hello and adding up. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int rank, size, sum, number;
  char host[256] = "";

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  /* not SLURMD_NODENAME: Hydra hands every rank that of the batch script's node */
  gethostname(host, sizeof host - 1);
  printf("rank %d of %d on %s\n", rank, size, host);
  fflush(stdout);
  if (argc > 1) sleep((unsigned)atoi(argv[1]));

  number = rank + 1;
  MPI_Allreduce(&number, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  if (rank == 0) printf("sum %d\n", sum);
  fflush(stdout);
  MPI_Finalize();
  return sum == size * (size + 1) / 2 ? 0 : 1;
}
