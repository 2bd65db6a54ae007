import { CloseButton, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useEffect, useRef, useState } from 'react'
import { useSearchParams } from 'wouter'

import { SearchIcon } from './icons.tsx'

/** Until what is typed is looked for, ms. */
const restMs = 250

/** As the system has it: nothing longer can be asked for. */
const longest = 100

/** In the page's address, so that it is still there after a reload, on the way back, and for whoever is sent it. */
export function useSearchText(): string {
  return useSearchParams()[0].get('search') ?? ''
}

/** Words to look for, in the page's address as soon as the typing rests. */
export function SearchBox({ label, placeholder }: { label: string; placeholder: string }) {
  const asked = useSearchText()
  const [, setParams] = useSearchParams()
  const [text, setText] = useState(asked)
  const last = useRef(asked)
  const ask = (next: string): void => {
    last.current = next.trim()
    setParams((params) => withParam(params, 'search', last.current), { replace: true })
  }
  const askSoon = useDebouncedCallback(ask, restMs)
  // Another address, and not by what was typed here: that may have gone on since.
  useEffect(() => {
    if (asked === last.current) return
    last.current = asked
    askSoon.cancel()
    setText(asked)
  }, [asked, askSoon])
  const clear = (): void => {
    askSoon.cancel()
    setText('')
    ask('')
  }
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={placeholder}
      maxLength={longest}
      value={text}
      onChange={({ currentTarget: { value } }) => {
        setText(value)
        askSoon(value)
      }}
      leftSection={<SearchIcon size={18} />}
      rightSection={text !== '' && <CloseButton size="sm" aria-label="Clear the search" onClick={clear} />}
      radius="xl"
    />
  )
}

/** @param value empty: without it */
export function withParam(params: URLSearchParams, name: string, value: string): URLSearchParams {
  const next = new URLSearchParams(params)
  if (value === '') next.delete(name)
  else next.set(name, value)
  return next
}
