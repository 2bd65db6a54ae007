/** The rules of google/api/http.proto, on a contract made for this test that uses what ours does not. */
import { type DescMethod, fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf'
import type { RpcDescriptor } from '@holdfast/contracts'
import { HoldfastError } from '@holdfast/service'

import { buildRoutes } from '../src/http/route-table'
import { decodeResponse, encodeRequest } from '../src/http/transcode'
import { methodsOf, noRule, type Rule, rpcOf } from './contract'

const proto = `
syntax = "proto3";
package library.v1;
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";

service Library {
  rpc Read(Request) returns (Book);
  rpc Update(UpdateRequest) returns (Book);
  rpc List(Request) returns (Books);
}
message Request {
  enum Order { ORDER_UNSPECIFIED = 0; TITLE = 1; YEAR = 2; }
  string name = 1;
  Book book = 2;
  repeated string tags = 3;
  repeated Order orders = 4;
  repeated int32 years = 5;
  bool lent = 6;
  bytes cover = 7;
  double weight = 8;
  fixed64 barcode = 9;
  optional int32 limit = 10;
  google.protobuf.Timestamp since = 11;
  google.protobuf.Duration within = 12;
  google.protobuf.FieldMask read_mask = 13;
  google.protobuf.StringValue shelf = 14;
  google.protobuf.Int64Value copies = 15;
  google.protobuf.BoolValue rare = 16;
  map<string, string> labels = 17;
  repeated Book books = 18;
  repeated google.protobuf.Timestamp times = 19;
  oneof by { string author = 20; int32 author_id = 21; }
}
message UpdateRequest {
  Book book = 1;
  google.protobuf.FieldMask update_mask = 2;
  bool allow_missing = 3;
}
message Book {
  message Binding { string kind = 1; int32 thread_count = 2; }
  string name = 1;
  string title = 2;
  Binding binding = 3;
  repeated string authors = 4;
  google.protobuf.Timestamp printed_at = 5;
}
message Books { repeated Book books = 1; Book first = 2; string next_page_token = 3; int32 total_size = 4; }
`

let methods: Map<string, DescMethod>
beforeAll(() => {
  methods = methodsOf(proto, 'library.v1.Library')
})

function rpc(method: string, rule: Rule): RpcDescriptor {
  const desc = methods.get(method)
  if (desc === undefined) throw new Error(`there is no ${method}`)
  return rpcOf(desc, rule)
}

/** The request message that a call becomes, as its JSON. */
function request(method: string, rule: Rule, target: string, body?: JsonValue): JsonValue {
  const descriptor = rpc(method, rule)
  const [verb = '', address = ''] = target.split(' ')
  const [path = '', query = ''] = address.split('?')
  const found = buildRoutes([descriptor]).find(verb, path)
  if (found === undefined || !('value' in found)) throw new Error(`${target} is no route`)
  const bytes = encodeRequest(found.value, found.segments, query, body)
  return toJson(descriptor.desc.input, fromBinary(descriptor.desc.input, bytes))
}

function problem(...call: Parameters<typeof request>): string {
  try {
    request(...call)
  } catch (error) {
    if (error instanceof HoldfastError) return `${error.fields[0]?.field} ${error.fields[0]?.message}`
    throw error
  }
  return ''
}

describe('a path', () => {
  test.each<[string, string, string, JsonValue]>([
    ['one segment', '/v1/{name}', '/v1/a', { name: 'a' }],
    ['a pattern of segments', '/v1/{name=shelves/*/books/*}', '/v1/shelves/1/books/2', { name: 'shelves/1/books/2' }],
    ['the rest of a path', '/v1/{name=files/**}', '/v1/files/a/b/c', { name: 'files/a/b/c' }],
    ['a rest of nothing', '/v1/{name=**}', '/v1', {}],
    ['a segment that is not bound', '/v1/*/{name}', '/v1/x/a', { name: 'a' }],
    ['a rest that is not bound', '/v1/{name}/**', '/v1/a/x/y', { name: 'a' }],
    ['a field of a field', '/v1/{book.name=shelves/*}', '/v1/shelves/1', { book: { name: 'shelves/1' } }],
    ['a field two levels down', '/v1/{book.binding.kind}', '/v1/cloth', { book: { binding: { kind: 'cloth' } } }],
    ['a verb', '/v1/{name}:lend', '/v1/a:lend', { name: 'a' }],
    ['a verb after a pattern', '/v1/{name=shelves/*}:lend', '/v1/shelves/a:lend', { name: 'shelves/a' }],
    ['a number', '/v1/{author_id}', '/v1/7', { authorId: 7 }],
    ['a truth value', '/v1/{lent}', '/v1/true', { lent: true }],
    ['an enum value', '/v1/{book.title}/x', '/v1/T/x', { book: { title: 'T' } }],
    ['a wrapped value', '/v1/{copies}', '/v1/9007199254740993', { copies: '9007199254740993' }],
    ['a colon of the value itself', '/v1/{name}', '/v1/a:b', { name: 'a:b' }],
    ['percent encoding, also of a slash, in one segment', '/v1/{name}', '/v1/a%2Fb%20%C3%A4%25', { name: 'a/b ä%' }],
    ['a plus sign as a plus sign', '/v1/{name}', '/v1/a+b', { name: 'a+b' }],
    [
      'an encoded slash as it is, where segments are kept apart by slashes',
      '/v1/{name=**}',
      '/v1/a%2Fb/c%20d',
      { name: 'a%2Fb/c d' },
    ],
  ])('with %s', (_what, get, path, expected) => {
    expect(request('Read', { get }, `GET ${path}`)).toEqual(expected)
  })

  test('of one segment takes one that is not empty, and a verb is part of the path', () => {
    for (const path of ['/v1/', '/v1', '/v1/a/b'])
      expect(() => request('Read', { get: '/v1/{name}' }, `GET ${path}`)).toThrow('no route')
    expect(() => request('Read', { get: '/v1/{name}:lend' }, 'GET /v1/a:return')).toThrow('no route')
  })

  test.each(['/v1/{books}', '/v1/{tags}', '/v1/{labels}', '/v1/{book}', '/v1/{book.binding}'])('can not fill %s', (get) => {
    expect(() => buildRoutes([rpc('Read', { get })])).toThrow('for the path to fill')
  })

  test('may be one of several of an RPC, each with a body of its own', () => {
    const rule: Rule = {
      get: '/v1/{name}',
      additionalBindings: [
        { ...noRule, post: '/v1/{name}:read', body: '*' },
        { ...noRule, custom: { kind: 'SEARCH', path: '/v1/books' }, body: 'book' },
      ],
    }
    expect(request('Read', rule, 'GET /v1/a?limit=1')).toEqual({ name: 'a', limit: 1 })
    expect(request('Read', rule, 'POST /v1/a:read', { limit: 2 })).toEqual({ name: 'a', limit: 2 })
    expect(request('Read', rule, 'SEARCH /v1/books?limit=3', { title: 'T' })).toEqual({ book: { title: 'T' }, limit: 3 })
  })
})

describe('a query', () => {
  const rule: Rule = { get: '/v1/books' }

  test.each<[string, JsonValue]>([
    ['tags=a&tags=b%20c&tags=', { tags: ['a', 'b c', ''] }],
    ['orders=TITLE&orders=YEAR', { orders: ['TITLE', 'YEAR'] }],
    ['years=1&years=-2', { years: [1, -2] }],
    ['lent=true', { lent: true }],
    ['cover=aGk%3D', { cover: 'aGk=' }],
    ['cover=_-8', { cover: '/+8=' }],
    ['weight=1.5e2', { weight: 150 }],
    ['weight=NaN', { weight: 'NaN' }],
    ['barcode=18446744073709551615', { barcode: '18446744073709551615' }],
    ['limit=0', { limit: 0 }],
    ['since=2026-01-31T12:00:00%2B01:00', { since: '2026-01-31T11:00:00Z' }],
    ['times=2026-01-31T12:00:00Z&times=2026-02-01T12:00:00.5Z', { times: ['2026-01-31T12:00:00Z', '2026-02-01T12:00:00.500Z'] }],
    ['within=1.5s', { within: '1.500s' }],
    ['read_mask=title,binding.threadCount', { readMask: 'title,binding.threadCount' }],
    ['shelf=', { shelf: '' }],
    ['shelf=12', { shelf: '12' }],
    ['copies=12', { copies: '12' }],
    ['rare=false', { rare: false }],
    [
      'book.title=T&book.binding.kind=cloth&book.binding.thread_count=3',
      { book: { title: 'T', binding: { kind: 'cloth', threadCount: 3 } } },
    ],
    ['book.authors=A&book.authors=B', { book: { authors: ['A', 'B'] } }],
    ['book.printedAt=2026-01-31T12:00:00Z', { book: { printedAt: '2026-01-31T12:00:00Z' } }],
    ['author=A+B', { author: 'A B' }],
    ['&limit=1&', { limit: 1 }],
  ])('%s', (query, expected) => {
    expect(request('List', rule, `GET /v1/books?${query}`)).toEqual(expected)
  })

  test.each([
    ['lent=yes', 'lent must be true or false'],
    ['rare=1', 'rare must be true or false'],
    ['copies=1.5', 'copies must be a whole number of at most 64 bits'],
    ['years=1&years=x', 'years must be a whole number from -2147483648 to 2147483647'],
    ['orders=AUTHOR', 'orders[0] must be one of TITLE, YEAR'],
    ['cover=*', 'cover must be a string in base64'],
    ['weight=heavy', 'weight must be a number'],
    ['since=1769860800', 'since must be a time as 2026-01-31T12:00:00Z'],
    ['within=2m', 'within must be a duration as 1.5s'],
    ['limit=1&limit=2', 'limit is given more than once'],
    ['book.title=a&book.title=b', 'book.title is given more than once'],
    ['author=A&authorId=1', 'authorId is not possible beside author'],
    ['labels=a', 'labels is not a parameter of this request'],
    ['labels.a=b', 'labels.a is not a parameter of this request'],
    ['books.title=a', 'books.title is not a parameter of this request'],
    ['book=a', 'book is not a parameter of this request'],
    ['since.seconds=1', 'since.seconds is not a parameter of this request'],
  ])('%s is refused', (query, expected) => {
    expect(problem('List', rule, `GET /v1/books?${query}`)).toBe(expected)
  })

  test('gives neither what the path nor what the body gives', () => {
    const rule: Rule = { post: '/v1/{name}', body: 'book' }
    expect(request('Read', rule, 'POST /v1/a?limit=1&tags=x', { title: 'T' })).toEqual({
      name: 'a',
      book: { title: 'T' },
      limit: 1,
      tags: ['x'],
    })
    expect(problem('Read', rule, 'POST /v1/a?name=b', {})).toBe('name is not a parameter of this request')
    expect(problem('Read', rule, 'POST /v1/a?book.title=b', {})).toBe('book.title is not a parameter of this request')
    expect(problem('Read', { post: '/v1/{name}', body: '*' }, 'POST /v1/a?limit=1', {})).toBe(
      'limit is not a parameter of this request',
    )
  })
})

describe('a body', () => {
  test('is the whole request, one field of it, or nothing', () => {
    expect(
      request('Read', { post: '/v1/books', body: '*' }, 'POST /v1/books', { book: { title: 'T' }, labels: { a: 'b' } }),
    ).toEqual({
      book: { title: 'T' },
      labels: { a: 'b' },
    })
    expect(request('Read', { post: '/v1/books', body: 'book' }, 'POST /v1/books', { title: 'T' })).toEqual({
      book: { title: 'T' },
    })
    expect(request('Read', { delete: '/v1/{name}' }, 'DELETE /v1/a')).toEqual({ name: 'a' })
  })

  test.each<[string, JsonValue, JsonValue]>([
    ['tags', ['a', 'b'], { tags: ['a', 'b'] }],
    ['books', [{ title: 'T' }], { books: [{ title: 'T' }] }],
    ['labels', { a: 'b' }, { labels: { a: 'b' } }],
    ['since', '2026-01-31T12:00:00Z', { since: '2026-01-31T12:00:00Z' }],
    ['limit', 7, { limit: 7 }],
    ['shelf', 'A', { shelf: 'A' }],
  ])('may be the field %s, which is no message with fields', (field, body, expected) => {
    expect(request('Read', { post: '/v1/books', body: field }, 'POST /v1/books', body)).toEqual(expected)
    expect(buildRoutes([rpc('Read', { post: '/v1/b', body: field })]).find('POST', '/v1/b')).toMatchObject({
      value: { bodyIsValue: true },
    })
  })

  test.each([
    ['what the path says too', { book: { name: 'shelves/1', title: 'T' } }],
    ['the proto name of what the path says too', { book: { name: 'shelves/1', title: 'T' } }],
    ['the rest of what the path begins', { book: { title: 'T' } }],
  ])('may have %s', (_what, body) => {
    const rule: Rule = { post: '/v1/{book.name=shelves/*}', body: '*' }
    expect(request('Read', rule, 'POST /v1/shelves/1', body)).toEqual({ book: { name: 'shelves/1', title: 'T' } })
  })

  test('that says something else than the path is refused, and so is one that is no object where the path needs one', () => {
    const rule: Rule = { post: '/v1/{book.name=shelves/*}', body: '*' }
    expect(problem('Read', rule, 'POST /v1/shelves/1', { book: { name: 'shelves/2' } })).toBe('book.name differs from the path')
    expect(problem('Read', rule, 'POST /v1/shelves/1', { book: 'T' })).toBe('book must be an object')
    expect(problem('Update', { patch: '/v1/{book.name}', body: 'book' }, 'PATCH /v1/a', { name: 'b' })).toBe(
      'book.name differs from the path',
    )
  })
})

describe('a PATCH', () => {
  const ofBook: Rule = { patch: '/v1/{book.name=shelves/*}', body: 'book' }
  const ofAll: Rule = { patch: '/v1/{book.name=shelves/*}', body: '*' }

  test('changes what it sends, down to single fields, lists as a whole', () => {
    const body = { name: 'shelves/1', title: '', binding: { thread_count: 3 }, authors: [], printedAt: '2026-01-31T12:00:00Z' }
    expect(request('Update', ofBook, 'PATCH /v1/shelves/1', body)).toEqual({
      book: { name: 'shelves/1', binding: { threadCount: 3 }, printedAt: '2026-01-31T12:00:00Z' },
      updateMask: 'title,binding.threadCount,authors,printedAt',
    })
    expect(request('Update', ofAll, 'PATCH /v1/shelves/1', { book: { title: 'T', binding: {} }, allowMissing: true })).toEqual({
      book: { name: 'shelves/1', title: 'T', binding: {} },
      allowMissing: true,
      updateMask: 'book.title,book.binding,allowMissing',
    })
  })

  test('changes what its mask says, in the query or in the body', () => {
    const masked = { book: { name: 'shelves/1', title: 'T' }, updateMask: 'title,authors' }
    expect(request('Update', ofBook, 'PATCH /v1/shelves/1?updateMask=title,authors', { title: 'T' })).toEqual(masked)
    expect(request('Update', ofBook, 'PATCH /v1/shelves/1?update_mask=title%2Cauthors', { title: 'T' })).toEqual(masked)
    expect(request('Update', ofAll, 'PATCH /v1/shelves/1', { book: { title: 'T' }, updateMask: 'title,authors' })).toEqual(masked)
  })

  test('with a field that there is not is refused, not masked', () => {
    expect(problem('Update', ofBook, 'PATCH /v1/shelves/1', { colour: 'red' })).toBe('book.colour is not a field here')
  })

  test('is the only one that has a mask made: PUT does not', () => {
    expect(request('Update', { put: '/v1/{book.name}', body: 'book' }, 'PUT /v1/a', { title: 'T' })).toEqual({
      book: { name: 'a', title: 'T' },
    })
  })
})

describe('an answer', () => {
  function answer(rule: Rule, response: JsonValue): JsonValue {
    const descriptor = rpc('List', { get: '/v1/books', ...rule })
    const found = buildRoutes([descriptor]).find('GET', '/v1/books')
    if (found === undefined || !('value' in found)) throw new Error('no route')
    const { output } = descriptor.desc
    const { body } = decodeResponse(found.value, Buffer.from(toBinary(output, fromJson(output, response))))
    return JSON.parse(String(body)) as JsonValue
  }

  test('is the whole response, with its defaults', () => {
    expect(answer({}, { totalSize: 2 })).toEqual({ books: [], nextPageToken: '', totalSize: 2 })
  })

  test.each<[string, JsonValue, JsonValue]>([
    ['first', { first: { title: 'T' } }, { name: '', title: 'T', authors: [] }],
    ['books', { totalSize: 1 }, []],
    ['next_page_token', { nextPageToken: 'x' }, 'x'],
    ['total_size', {}, 0],
    ['first', {}, null],
  ])('may be the field %s alone', (responseBody, response, expected) => {
    expect(answer({ responseBody }, response)).toEqual(expected)
  })
})
