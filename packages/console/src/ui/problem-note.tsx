import { HoldfastApiError } from '@holdfast/client'
import { ActionIcon, Alert, Button, CopyButton, Group, Text } from '@mantine/core'

import { wordsFor } from '../api/error-words.ts'
import { AlertIcon, CheckIcon, CopyIcon } from './icons.tsx'
import classes from './problem-note.module.css'

export interface ProblemNoteProps {
  error: unknown
  /** Offers another try, where that could help. */
  onRetry?: () => void
}

/** The same again is refused again. */
const final = [400, 403, 404]

/** What went wrong and what to do, in plain words, with the number to give to whoever looks into it. */
export function ProblemNote({ error, onRetry }: ProblemNoteProps) {
  const { title, text, requestId } = wordsFor(error)
  const isFinal = error instanceof HoldfastApiError && final.includes(error.status)
  return (
    <Alert role="alert" color="ember" variant="light" title={title} icon={<AlertIcon />} classNames={classes}>
      <Text size="sm">{text}</Text>
      {requestId !== undefined && requestId !== '' && <RequestId id={requestId} />}
      {onRetry !== undefined && !isFinal && (
        <Button mt="sm" size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  )
}

export function RequestId({ id }: { id: string }) {
  return (
    <Group gap={4} mt={6} wrap="nowrap">
      <Text size="xs" c="dimmed" component="span">
        Request <span className={classes.id}>{id}</span>
      </Text>
      <CopyButton value={id}>
        {({ copied, copy }) => (
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label={copied ? 'Copied' : 'Copy the request id'}
            onClick={copy}
          >
            {copied ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
          </ActionIcon>
        )}
      </CopyButton>
    </Group>
  )
}
