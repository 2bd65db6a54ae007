import type { System } from './system'
import { welcome } from './welcome'

const system = {
  url: 'http://127.0.0.1:8080',
  names: ['inventory'],
  grpc: { inventory: '127.0.0.1:50051' },
  credentials: {
    admin: { email: 'admin@holdfast.example', password: 'of the admin' },
    user: { email: 'user@holdfast.example', password: 'of the user' },
  },
} as unknown as System
const options = { dataFolder: '.holdfast', adminPasswordGiven: false, seconds: 1, addressLimitGiven: false }

test('a start says who may come in, and what to begin with', () => {
  const said = welcome(system, options)
  expect(said).toContain('admin@holdfast.example  of the admin')
  expect(said).toContain('user@holdfast.example  of the user')
  expect(said).toContain('/v1/auth/login')
})

test('where nobody logs in here, a start says where users come from, and names no password', () => {
  const said = welcome(system, { ...options, loginAt: 'https://login.example/' })
  expect(said).toContain('Users come with tokens of https://login.example/')
  expect(said).not.toMatch(/of the admin|of the user|\/v1\/auth\/login/)
  expect(said).toContain('.holdfast/logs/')
  expect(said).toContain('Ctrl-C stops everything.')
})
