/** Progress bars in characters. */

/** `██████░░░░`: `done` of `total`, full only if all is done. */
export function formatBar(done: number, total: number, width: number): string {
  const part = total <= 0 ? 0 : Math.min(1, Math.max(0, done / total))
  const filled = part === 1 ? width : Math.min(width - 1, Math.round(part * width))
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`
}
