/** What people read of the API: the OpenAPI document, Swagger UI and ReDoc over it, and what each error code means. */
import { type RpcDescriptor } from '@holdfast/contracts'
import { openApiDocument } from '@holdfast/openapi'

import type { Page } from '../http/pages'
import { asset, assetPages } from './assets'
import { errorsPage } from './errors-page'
import { html } from './html'

/** @param rpcs those that are served */
export function docsPages(rpcs: readonly RpcDescriptor[]): [string, Page][] {
  return [
    ['/openapi.json', asset('/openapi.json', () => Buffer.from(JSON.stringify(openApiDocument(rpcs))), 'application/json')],
    [
      '/docs',
      () =>
        html('Holdfast API', '<div id="page"></div>', {
          style: '/docs/swagger-ui.css',
          scripts: ['/docs/swagger-ui-bundle.js', '/docs/init.js'],
        }),
    ],
    [
      '/redoc',
      () => html('Holdfast API', '<div id="page"></div>', { scripts: ['/redoc/redoc.standalone.js', '/redoc/init.js'] }),
    ],
    ['/docs/errors', errorsPage],
    ...assetPages(),
  ]
}
