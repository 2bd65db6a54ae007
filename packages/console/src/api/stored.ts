/** What all tabs know, and what is still known when the browser is opened again. Storage may be switched off: then it is this page's alone. */
const ofThisPage = new Map<string, string>()

export function readStored(name: string): string | undefined {
  try {
    return localStorage.getItem(name) ?? undefined
  } catch {
    return ofThisPage.get(name)
  }
}

export function writeStored(name: string, value: string | undefined): void {
  if (value === undefined) ofThisPage.delete(name)
  else ofThisPage.set(name, value)
  try {
    if (value === undefined) localStorage.removeItem(name)
    else localStorage.setItem(name, value)
  } catch {
    // As above.
  }
}
