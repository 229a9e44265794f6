/** Splits a stream of bytes into lines, in linear time and the memory of one line. */

/** A line without its end, or the reason why it cannot be read. */
export type ReadLine = { readonly text: string } | { readonly problem: string }

/** Longer than any record. */
const LONGEST_LINE = 16 * 1024 * 1024
const NEWLINE = 0x0a

export class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #parts: Uint8Array[] = []
  #length = 0
  #isFirst = true

  /** @returns the lines completed by `bytes` */
  push(bytes: Uint8Array): ReadLine[] {
    const lines: ReadLine[] = []
    let at = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
      this.#add(bytes.subarray(at, end))
      lines.push(this.#take())
      at = end + 1
    }
    this.#add(bytes.subarray(at))
    return lines
  }

  /** @returns the last line, if the stream does not end with a line end */
  end(): ReadLine[] {
    return this.#length === 0 ? [] : [this.#take()]
  }

  #add(bytes: Uint8Array): void {
    this.#length += bytes.length
    if (this.#length > LONGEST_LINE) this.#parts = []
    else if (bytes.length > 0) this.#parts.push(bytes)
  }

  #take(): ReadLine {
    const bytes = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts)
    const isTooLong = this.#length > LONGEST_LINE
    this.#parts = []
    this.#length = 0
    if (isTooLong) return { problem: `is longer than ${LONGEST_LINE} bytes` }
    try {
      const text = this.#decoder.decode(bytes)
      const hasMark = this.#isFirst && text.startsWith('\uFEFF')
      this.#isFirst = false
      return { text: hasMark ? text.slice(1) : text }
    } catch {
      return { problem: 'is not UTF-8' }
    }
  }
}

/** The lines of a whole stream. */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<ReadLine> {
  const splitter = new LineSplitter()
  for await (const bytes of stream) yield* splitter.push(bytes)
  yield* splitter.end()
}
