import type { AnyDesc, DescField, DescMethod } from '@bufbuild/protobuf'

type Commented = Extract<AnyDesc, { kind: 'message' | 'field' | 'enum' | 'enum_value' | 'service' | 'rpc' }>

/** The comment above something in its proto, as one line; empty where there is none. */
export function commentOf(desc: Commented): string {
  const path = pathOf(desc)
  const place = fileOf(desc).proto.sourceCodeInfo?.location.find((each) => sameNumbers(each.path, path))
  return (place?.leadingComments || (place?.trailingComments ?? '')).trim().replaceAll(/\s*\n\s*/g, ' ')
}

/** Where it stands in its file: the field numbers of google.protobuf.FileDescriptorProto, and places in its lists. */
function pathOf(desc: Commented): number[] {
  switch (desc.kind) {
    case 'field':
      return [...pathOf(desc.parent), 2, placeOfField(desc)]
    case 'enum_value':
      return [...pathOf(desc.parent), 2, desc.parent.proto.value.indexOf(desc.proto)]
    case 'rpc':
      return [...pathOf(desc.parent), 2, placeOfMethod(desc)]
    case 'service':
      return [6, desc.file.proto.service.indexOf(desc.proto)]
    case 'message':
      return desc.parent === undefined
        ? [4, desc.file.proto.messageType.indexOf(desc.proto)]
        : [...pathOf(desc.parent), 3, desc.parent.proto.nestedType.indexOf(desc.proto)]
    case 'enum':
      return desc.parent === undefined
        ? [5, desc.file.proto.enumType.indexOf(desc.proto)]
        : [...pathOf(desc.parent), 4, desc.parent.proto.enumType.indexOf(desc.proto)]
  }
}

function placeOfField({ parent, proto }: DescField): number {
  return parent.proto.field.indexOf(proto)
}

function placeOfMethod({ parent, proto }: DescMethod): number {
  return parent.proto.method.indexOf(proto)
}

function fileOf(desc: Commented) {
  return 'file' in desc ? desc.file : desc.parent.file
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, index) => number === b[index])
}
