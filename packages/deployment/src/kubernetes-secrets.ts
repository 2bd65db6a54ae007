import { allServiceNames } from '@holdfast/launcher'

import { readSecrets } from './secrets'

interface Secret {
  apiVersion: 'v1'
  kind: 'Secret'
  type: 'Opaque'
  metadata: { name: string; labels: Record<string, string> }
  stringData: Record<string, string>
}

/** What `kubectl apply` takes: a Secret `holdfast-<service>` for each service, whose keys are the variables' names. */
export async function kubernetesSecrets(folder: string): Promise<{ apiVersion: 'v1'; kind: 'List'; items: Secret[] }> {
  const items = allServiceNames.map(async (name): Promise<Secret> => {
    const labels = { 'app.kubernetes.io/part-of': 'holdfast', 'app.kubernetes.io/name': name }
    const stringData = await readSecrets(folder, name)
    return { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: `holdfast-${name}`, labels }, stringData }
  })
  return { apiVersion: 'v1', kind: 'List', items: await Promise.all(items) }
}
