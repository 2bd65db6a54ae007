import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError, pemByName, port, readConfig, text, wholeNumberOr } from './config'

const shape = { PORT: port(8080), LIMIT: wholeNumberOr(5, 1, 10), NAME: text() }

test('what is not set has its default', () => {
  expect(readConfig(shape, { NAME: 'x' })).toEqual({ PORT: 8080, LIMIT: 5, NAME: 'x' })
  expect(readConfig(shape, { NAME: 'x', PORT: '' })).toMatchObject({ PORT: 8080 })
})

test('every wrong value names itself', () => {
  expect(() => readConfig(shape, { PORT: '99999', LIMIT: '1.5' })).toThrow(
    new ConfigError('PORT: must be from 0 to 65535\nLIMIT: must be a whole number\nNAME: is needed'),
  )
})

test('a value may stand in a file', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'holdfast-')), 'name')
  writeFileSync(file, 'from the file\n')
  expect(readConfig(shape, { NAME_FILE: file })).toMatchObject({ NAME: 'from the file' })
  expect(() => readConfig(shape, { NAME_FILE: `${file}.none` })).toThrow('NAME_FILE')
})

test('keys by name must be PEM texts', () => {
  expect(() => readConfig({ KEYS: pemByName() }, { KEYS: '{"order":"x"}' })).toThrow('KEYS')
  expect(() => readConfig({ KEYS: pemByName() }, { KEYS: 'nonsense' })).toThrow('KEYS')
})
