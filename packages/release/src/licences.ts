/** Whether what is shipped may be shipped: read from the bill of materials, so that both are about the same packages. */
import satisfies from 'spdx-satisfies'

/** SPDX identifiers that ask for no more than to be named: https://spdx.org/licenses/ */
const allowed = [
  'MIT',
  'MIT-0',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
  'Python-2.0',
]

/** The part of a CycloneDX document (https://cyclonedx.org/docs/1.6/json/) that this is about. */
export interface Sbom {
  components?: {
    name: string
    version?: string
    group?: string
    licenses?: ({ license: { id?: string; name?: string } } | { expression: string })[]
  }[]
}

/** What is shipped without a licence that allows it, a line for each. */
export function licenceFaults({ components = [] }: Sbom): string[] {
  return components.flatMap(({ group, name, version = '', licenses = [] }) => {
    const expressions = licenses.map((one) => ('expression' in one ? one.expression : (one.license.id ?? one.license.name ?? '')))
    const package_ = `${group === undefined ? '' : `${group}/`}${name} ${version}`.trimEnd()
    if (expressions.length === 0) return [`${package_} has no licence`]
    // Several entries hold together.
    const refused = expressions.filter((expression) => !isAllowed(expression))
    return refused.map((expression) => `${package_} is under ${expression}`)
  })
}

function isAllowed(expression: string): boolean {
  try {
    return satisfies(expression, allowed)
  } catch {
    // Not SPDX: somebody has to look.
    return false
  }
}
