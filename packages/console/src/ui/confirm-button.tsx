import { Button, type ButtonProps, Group, Modal, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'

export interface ConfirmButtonProps extends ButtonProps {
  /** What the button says, and what the question is about. */
  label: string
  question: string
  /** What follows from it. */
  children: ReactNode
  onConfirm: () => void
}

/** For what can't be undone: asks once. */
export function ConfirmButton({ label, question, children, onConfirm, ...props }: ConfirmButtonProps) {
  const [opened, { open, close }] = useDisclosure(false)
  const confirm = (): void => {
    close()
    onConfirm()
  }
  return (
    <>
      <Button variant="default" {...props} onClick={open}>
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={question}>
        <Text>{children}</Text>
        <Group mt="lg" justify="flex-end">
          <Button variant="default" onClick={close}>
            Keep it
          </Button>
          <Button color="ember" onClick={confirm} data-autofocus>
            {label}
          </Button>
        </Group>
      </Modal>
    </>
  )
}
