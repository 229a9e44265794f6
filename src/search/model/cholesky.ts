/**
 * The linear algebra of a Gaussian process: a Cholesky factor with solve, inverse and extension by
 * a row.
 */

/** Σ a[aStart + i] · b[bStart + i] for i below `length`. */
function dot(a: Float64Array, aStart: number, b: Float64Array, bStart: number, length: number): number {
  let sum = 0
  for (let index = 0; index < length; index++) sum += (a[aStart + index] ?? 0) * (b[bStart + index] ?? 0)
  return sum
}

/**
 * The lower-triangular L with L·Lᵀ = A, in rows of `stride` numbers, by the row-by-row method of
 * Banachiewicz (Golub and Van Loan, "Matrix Computations", section 4.2).
 */
export class CholeskyFactor {
  readonly #rows: Float64Array
  readonly #stride: number
  #size = 0

  /** Allocates space for a matrix of `capacity` rows; it starts empty. */
  constructor(capacity: number) {
    this.#stride = capacity
    this.#rows = new Float64Array(capacity * capacity)
  }

  get size(): number {
    return this.#size
  }

  /**
   * Extends A by one row and column in n² steps.
   * @param row the new row up to and including the diagonal
   * @returns false, without a change, if A would not be positive definite to working accuracy
   */
  append(row: ArrayLike<number>): boolean {
    const [size, start, diagonal] = [this.#size, this.#size * this.#stride, row[this.#size] ?? 0]
    this.#solveInto(row, this.#rows, start)
    const pivot = diagonal - dot(this.#rows, start, this.#rows, start, size)
    if (!(pivot > 1e-12 * diagonal)) return false
    this.#rows[start + size] = Math.sqrt(pivot)
    this.#size++
    return true
  }

  /** The x with L·x = b. */
  solveLower(b: ArrayLike<number>): Float64Array {
    const x = new Float64Array(this.#size)
    this.#solveInto(b, x, 0)
    return x
  }

  /** The x with A·x = b. */
  solve(b: ArrayLike<number>): Float64Array {
    const x = this.solveLower(b)
    for (let index = this.#size - 1; index >= 0; index--) {
      const start = index * this.#stride
      const solved = (x[index] ?? 0) / (this.#rows[start + index] ?? 1)
      x[index] = solved
      for (let above = 0; above < index; above++) x[above] = (x[above] ?? 0) - solved * (this.#rows[start + above] ?? 0)
    }
    return x
  }

  /** log |A|. */
  logDeterminant(): number {
    let sum = 0
    for (let index = 0; index < this.#size; index++) sum += Math.log(this.#rows[index * this.#stride + index] ?? 1)
    return 2 * sum
  }

  /** The lower triangle of the inverse of A, in rows of `size` numbers; the rest is zero. */
  invert(): Float64Array {
    const [size, stride, rows] = [this.#size, this.#stride, this.#rows]
    // Row j holds column j of the inverse of L, so that all sums below run along rows.
    const columns = new Float64Array(size * size)
    for (let column = 0; column < size; column++) {
      const start = column * size
      columns[start + column] = 1 / (rows[column * stride + column] ?? 1)
      for (let index = column + 1; index < size; index++) {
        const sum = dot(rows, index * stride + column, columns, start + column, index - column)
        columns[start + index] = -sum / (rows[index * stride + index] ?? 1)
      }
    }
    const inverse = new Float64Array(size * size)
    for (let row = 0; row < size; row++)
      for (let column = 0; column <= row; column++)
        inverse[row * size + column] = dot(columns, row * size + row, columns, column * size + row, size - row)
    return inverse
  }

  #solveInto(b: ArrayLike<number>, x: Float64Array, xStart: number): void {
    for (let index = 0; index < this.#size; index++) {
      const start = index * this.#stride
      const sum = (b[index] ?? 0) - dot(this.#rows, start, x, xStart, index)
      x[xStart + index] = sum / (this.#rows[start + index] ?? 1)
    }
  }
}
