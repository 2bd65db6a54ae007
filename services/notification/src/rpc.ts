import type { NotificationServiceService } from '@holdfast/contracts/notification'
import type { Handlers } from '@holdfast/service'

import type { Deps } from './parts'
import { createEndpoint } from './webhooks/create'
import { deleteEndpoint } from './webhooks/delete'
import { getDelivery, listDeliveries } from './webhooks/deliveries'
import { getEndpoint, listEndpoints } from './webhooks/list'
import { pauseEndpoint, resumeEndpoint } from './webhooks/pause'
import { replayDeliveries } from './webhooks/replay'
import { rotateSecret } from './webhooks/rotate-secret'
import { skipDelivery } from './webhooks/skip'
import { updateEndpoint } from './webhooks/update'

/** What this service does when asked. Who may call is in the proto. What it does by itself is in consumers.ts. */
export function notificationRpc(deps: Deps): Handlers<typeof NotificationServiceService> {
  return {
    createWebhookEndpoint: async (request, ctx) => createEndpoint(deps, request, ctx),
    getWebhookEndpoint: async ({ id }, { requestId }) => ({ endpoint: await getEndpoint(deps, id), requestId }),
    listWebhookEndpoints: async (request) => listEndpoints(deps, request),
    updateWebhookEndpoint: async (request, ctx) => ({
      endpoint: await updateEndpoint(deps, request, ctx),
      requestId: ctx.requestId,
    }),
    deleteWebhookEndpoint: async ({ id }, ctx) => {
      await deleteEndpoint(deps, id, ctx)
      return { requestId: ctx.requestId }
    },
    pauseWebhookEndpoint: async ({ id }, ctx) => ({ ...(await pauseEndpoint(deps, id, ctx)), requestId: ctx.requestId }),
    resumeWebhookEndpoint: async ({ id }, ctx) => ({ ...(await resumeEndpoint(deps, id, ctx)), requestId: ctx.requestId }),
    rotateWebhookSecret: async (request, ctx) => rotateSecret(deps, request, ctx),
    listWebhookDeliveries: async (request) => listDeliveries(deps, request),
    getWebhookDelivery: async ({ id }, { requestId }) => ({ ...(await getDelivery(deps, id)), requestId }),
    replayWebhookDeliveries: async (request, ctx) => replayDeliveries(deps, request, ctx),
    skipWebhookDelivery: async ({ id }, ctx) => ({ ...(await skipDelivery(deps, id, ctx)), requestId: ctx.requestId }),
  }
}
