/**
 * The report as one HTML file with style, script and data, and a policy that forbids everything
 * else. Text from jobs is in the data, where `<` cannot end the element, and the script inserts it
 * only as text.
 */
import { createHash } from 'node:crypto'
import type { Dataset } from './dataset.ts'

/** The files that `npm run build` makes of src/page. */
export interface PageParts {
  readonly script: string
  readonly style: string
}

/** @param refreshSeconds interval at which the page reloads itself; 0: never */
export function formatPage(dataset: Dataset, { script, style }: PageParts, refreshSeconds = 0): string {
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${sha256(script)}'`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(dataset.site)}: bjob report</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<noscript>This report needs JavaScript, but no network.</noscript>
<script type="application/json" id="data"${refreshSeconds > 0 ? ` data-refresh="${refreshSeconds}"` : ''}>${jsonForHtml(dataset)}</script>
<script>${script}</script>
</body>
</html>
`
}

/** JSON in which `<`, `>` and `&` are escaped for HTML. */
export function jsonForHtml(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
