/**
 * What every answer tells browsers (OWASP REST Security Cheat Sheet): answers are data, which nothing runs, frames, or guesses
 * the type of. A page that is meant for people brings its own Content-Security-Policy.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
}

/** Over TLS: browsers come back over TLS for a year (RFC 6797). */
export const transportSecurity = 'max-age=31536000'
