import type { DescField, DescMessage } from '@bufbuild/protobuf'

/** The comment above a message or a field in its proto, as one line; empty where there is none. */
export function commentOf(desc: DescMessage | DescField): string {
  const path = pathOf(desc)
  const file = desc.kind === 'message' ? desc.file : desc.parent.file
  const place = file.proto.sourceCodeInfo?.location.find((each) => sameNumbers(each.path, path))
  return (place?.leadingComments || (place?.trailingComments ?? '')).trim().replaceAll(/\s*\n\s*/g, ' ')
}

/** Where it stands in its file: the field numbers of google.protobuf.FileDescriptorProto, and places in its lists. */
function pathOf(desc: DescMessage | DescField): number[] {
  if (desc.kind === 'field') return [...pathOf(desc.parent), 2, desc.parent.proto.field.indexOf(desc.proto)]
  const { parent } = desc
  return parent === undefined
    ? [4, desc.file.proto.messageType.indexOf(desc.proto)]
    : [...pathOf(parent), 3, parent.proto.nestedType.indexOf(desc.proto)]
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, index) => number === b[index])
}
