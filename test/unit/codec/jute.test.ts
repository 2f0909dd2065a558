import { JuteReader, JuteWriter } from '../../../src/codec/jute';
import { writeJavaString } from '../../../src/codec/txn/javaString';

test.each(['plain', 'zażółć', 'key-\u{1f511}-end', '\ufffd', ''])(
  'the string %j is read as a server writes it, and as UTF-8',
  (text) => {
    const asServer = new JuteWriter();
    writeJavaString(asServer, text);
    expect(new JuteReader(asServer.bytes()).string()).toBe(text);
    expect(new JuteReader(new JuteWriter().string(text).bytes()).string()).toBe(text);
  },
);
