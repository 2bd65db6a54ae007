import type { Reply } from '../http/reply'

/**
 * Pages run our own files alone. Styles may stand in the page: Swagger UI and ReDoc write them there. A blob is ReDoc's search, which
 * works in a thread of its own.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  'worker-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export interface PageFiles {
  /** Path of a style sheet. */
  style?: string
  /** Paths. */
  scripts?: readonly string[]
}

/** A page of ours. @param body HTML, with whatever is not ours escaped */
export function html(title: string, body: string, { style, scripts = [] }: PageFiles = {}): Reply {
  const text = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="icon" href="/docs/favicon-32x32.png">
${style === undefined ? '' : `<link rel="stylesheet" href="${style}">`}
</head>
<body>
${body}
${scripts.map((script) => `<script src="${script}"></script>`).join('\n')}
</body>
</html>
`
  const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache', 'content-security-policy': policy }
  return { status: 200, headers, body: text }
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
