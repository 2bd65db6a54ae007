import { type RefObject, useEffect, useRef } from 'react'
import { useLocation } from 'wouter'

/**
 * What a browser does when it opens a page: it begins at the top, and who reads by ear or moves by keyboard begins there too.
 * On the way back it is the browser that knows where one was.
 */
export function useFreshPage(content: RefObject<HTMLElement | null>): void {
  const [path] = useLocation()
  const last = useRef(path)
  const isBack = useRef(false)
  useEffect(() => {
    const goBack = (): void => {
      isBack.current = true
    }
    addEventListener('popstate', goBack)
    return () => removeEventListener('popstate', goBack)
  }, [])
  useEffect(() => {
    if (last.current === path) return
    last.current = path
    if (!isBack.current) scrollTo(0, 0)
    isBack.current = false
    content.current?.focus({ preventScroll: true })
  }, [path, content])
}
