/** Contracts that a test makes for itself, to use what ours does not. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { createFileRegistry, type DescMethod, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import type { HttpRule, RpcDescriptor } from '@holdfast/contracts'

/** The methods of a service, by name. @param files of packages/contracts that the proto imports, as `google/api/httpbody.proto` */
export function methodsOf(proto: string, service: string, files: readonly string[] = []): Map<string, DescMethod> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-transcoding-'))
  const shipped = join(__dirname, '..', '..', '..', 'packages', 'contracts', 'node_modules', 'google-proto-files')
  const ours = join(__dirname, '..', '..', '..', 'proto')
  try {
    writeFileSync(join(folder, 'test.proto'), proto)
    for (const file of files)
      cpSync(join(file.startsWith('google/') ? shipped : ours, file), join(folder, file), { recursive: true })
    const buf = join(dirname(require.resolve('@bufbuild/buf/package.json')), 'bin', 'buf')
    const args = [buf, 'build', folder, '--as-file-descriptor-set', '-o', '-']
    const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, execFileSync(process.execPath, args)))
    return new Map((registry.getService(service)?.methods ?? []).map((method) => [method.name, method]))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export type Rule = Partial<HttpRule>

export const noRule: HttpRule = { selector: '', body: '', responseBody: '', additionalBindings: [] }

/** An RPC for anybody. */
export function rpcOf(desc: DescMethod, rule: Rule): RpcDescriptor {
  return {
    path: `/${desc.parent.typeName}/${desc.name}`,
    service: desc.parent.typeName,
    method: desc.name,
    access: { who: 'PUBLIC', callers: [] },
    route: { ...noRule, ...rule },
    mutates: false,
    combined: false,
    rateLimit: undefined,
    cached: undefined,
    mediaTypes: { takes: [], gives: [] },
    desc,
  }
}
