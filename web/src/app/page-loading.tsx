import { Center, Loader } from '@mantine/core'

export function PageLoading() {
  return (
    <Center mih={240}>
      <Loader />
    </Center>
  )
}
