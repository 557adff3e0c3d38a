package federation.map;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.Schema.Type;

/** Makes objects of validated Avro bytes, for expressions: records are maps, enums text, numbers long or double. */
final class Datum {
  private Run run;
  private int pos;

  /** The value that begins at a position of the record at hand. */
  Object read(Run record, Schema schema, int from) throws MappingException {
    run = record;
    pos = from;
    return next(schema);
  }

  private Object next(Schema schema) throws MappingException {
    switch (schema.getType()) {
      case NULL:
        return null;
      case BOOLEAN:
        return run.in[pos++] == 1;
      case INT, LONG:
        pos = run.number(pos);
        return run.value;
      case FLOAT:
        pos += 4;
        return Scalars.real(run, pos - 4, Type.FLOAT);
      case DOUBLE:
        pos += 8;
        return Scalars.real(run, pos - 8, Type.DOUBLE);
      case STRING:
        return new String(bytes(), StandardCharsets.UTF_8);
      case BYTES:
        return bytes();
      case FIXED:
        pos += schema.getFixedSize();
        return Arrays.copyOfRange(run.in, pos - schema.getFixedSize(), pos);
      case ENUM:
        pos = run.index(pos, schema.getEnumSymbols().size());
        return schema.getEnumSymbols().get((int) run.value);
      case UNION:
        pos = run.index(pos, schema.getTypes().size());
        return next(schema.getTypes().get((int) run.value));
      case ARRAY:
        return array(schema.getElementType());
      case MAP:
        return map(schema.getValueType());
      default:
        Map<String, Object> record = new LinkedHashMap<>();
        for (Schema.Field field : schema.getFields()) {
          record.put(field.name(), next(field.schema()));
        }
        return record;
    }
  }

  private List<Object> array(Schema item) throws MappingException {
    List<Object> list = new ArrayList<>();
    for (pos = run.count(pos); run.value != 0; pos = run.count(pos)) {
      for (long left = run.value; left > 0; left--) {
        list.add(next(item));
      }
    }
    return list;
  }

  private Map<String, Object> map(Schema value) throws MappingException {
    Map<String, Object> map = new LinkedHashMap<>();
    for (pos = run.count(pos); run.value != 0; pos = run.count(pos)) {
      for (long left = run.value; left > 0; left--) {
        String key = new String(bytes(), StandardCharsets.UTF_8);
        map.put(key, next(value));
      }
    }
    return map;
  }

  private byte[] bytes() throws MappingException {
    int from = run.length(pos);
    pos = from + (int) run.value;
    return Arrays.copyOfRange(run.in, from, pos);
  }
}
