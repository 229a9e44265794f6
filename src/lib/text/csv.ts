/** CSV (RFC 4180), for programs and spreadsheets. */

/** Text that reads as a number is data; other text that begins so is a formula to a spreadsheet. */
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i

/** One row, with its line end. Absent values are empty cells; lists and maps are JSON. */
export function csvRow(values: readonly unknown[]): string {
  return `${values.map(csvCell).join(',')}\r\n`
}

function csvCell(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const written = typeof value === 'string' ? value : JSON.stringify(value)
  // A job's own words must not become a formula: an apostrophe keeps them text.
  const text = /^[=+\-@\t\r]/.test(written) && !NUMBER.test(written) ? `'${written}` : written
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
