import { errorCodes, HoldfastError, isErrorCode } from '@holdfast/service'

import { toParseProblem, toProblem } from './problem'

test.each(Object.keys(errorCodes).filter(isErrorCode))('%s has a status, a title, and the request id', (code) => {
  const problem = toProblem(new HoldfastError(code, 'It went wrong'), 'req-1')
  expect(problem.status).toBe(errorCodes[code].http)
  expect(problem.headers['content-type']).toBe('application/problem+json')
  expect(JSON.parse(problem.body)).toEqual({
    type: `/docs/errors#${code}`,
    title: errorCodes[code].title,
    status: errorCodes[code].http,
    detail: 'It went wrong',
    code,
    requestId: 'req-1',
    errors: [],
  })
})

test('fields at fault are listed', () => {
  const fields = [{ field: 'lines[0].quantity', message: 'must be 1 or more' }]
  const problem = toProblem(new HoldfastError('INVALID_ARGUMENT', 'no', { fields }), 'req-1')
  expect(JSON.parse(problem.body)).toMatchObject({ errors: fields })
})

test('Retry-After is in whole seconds, rounded up', () => {
  expect(toProblem(new HoldfastError('RATE_LIMITED', 'slow down', { retryAfterMs: 1001 }), 'r').headers['retry-after']).toBe('2')
  expect(toProblem(new HoldfastError('UNAVAILABLE', 'gone'), 'r').headers['retry-after']).toBe('1')
  expect(toProblem(new HoldfastError('NOT_FOUND', 'none'), 'r').headers).not.toHaveProperty('retry-after')
})

test('401 says how to authenticate', () => {
  expect(toProblem(new HoldfastError('UNAUTHENTICATED', 'who?'), 'r').headers['www-authenticate']).toBe('Bearer')
})

test('what is inside an unknown error does not get out', () => {
  const secret = new Error('password=hunter2')
  expect(toProblem(HoldfastError.from(secret), 'r').body).not.toContain('hunter2')
})

test.each([
  ['HPE_HEADER_OVERFLOW', 431],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
  ['HPE_INVALID_METHOD', 400],
])('%s of the parser is a %i', (code, status) => {
  const problem = toParseProblem(Object.assign(new Error('no'), { code }), 'r')
  expect([problem.status, JSON.parse(problem.body)]).toEqual([status, expect.objectContaining({ status, requestId: 'r' })])
})
