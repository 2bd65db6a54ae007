import { longestFirst } from './system-runner'

test('what takes longest begins first, and the others stay as they are', () => {
  const files = ['grpc', 'growth', 'csv', 'console', 'bench', 'audit'].map((name) => ({
    path: `/code/tests/${name}.e2e.test.ts`,
  }))
  const names = longestFirst(files).map(({ path }) => path.replace('/code/tests/', '').replace('.e2e.test.ts', ''))
  expect(names).toEqual(['bench', 'console', 'growth', 'grpc', 'csv', 'audit'])
})
