/** Mantine's theme; its colours are set in styles.css, since a generated style element would need a wider policy. */
import { createTheme } from '@mantine/core';

export const theme = createTheme({
  defaultRadius: 'sm',
  components: {
    Button: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'sm' } },
    NativeSelect: { defaultProps: { size: 'sm' } },
    Textarea: { defaultProps: { size: 'sm' } },
  },
});
