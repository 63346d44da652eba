using ParquetSharp;

namespace ImgAlign.Training.Data;

/// <summary>Rows of Parquet files, one after the other. However large a row group is, a small part of it is in memory at a time.</summary>
internal static class ParquetRows
{
    // Pictures of some hundred kilobytes each.
    private const int RowsAtOnce = 64;

    /// <summary>The Parquet files at a path, a file or a folder with some, in alphabetical order.</summary>
    /// <exception cref="ImgAlignException">There are none.</exception>
    public static IReadOnlyList<string> Find(string path)
    {
        if (File.Exists(path))
            return [path];
        string[] found = Directory.Exists(path)
            ? [.. Directory.EnumerateFiles(path, "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal)]
            : [];
        return found.Length > 0 ? found : throw new ImgAlignException($"{path}: there are no Parquet files.");
    }

    /// <summary>The number of rows of one file.</summary>
    /// <exception cref="ImgAlignException">The file is broken.</exception>
    public static long Count(string path) =>
        Readable(
            path,
            () =>
            {
                using var file = new ParquetFileReader(path);
                return file.FileMetaData.NumRows;
            }
        );

    /// <summary>Reads some columns of one file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The columns: texts, numbers, and bytes; a picture of the Hugging Face kind is the bytes within it.</param>
    /// <param name="first">The first row that is wanted; row groups before it are not read.</param>
    /// <param name="count">The most rows that are wanted.</param>
    /// <returns>The values of each row in the order of the columns: <c>string</c>, <c>double</c>, <c>byte[]</c> or null.</returns>
    /// <exception cref="ImgAlignException">The file is broken, or a column is missing.</exception>
    public static IEnumerable<object?[]> Read(string path, IReadOnlyList<string> columns, long first = 0, long count = long.MaxValue)
    {
        using var properties = ReaderProperties.GetDefaultReaderProperties();
        properties.EnableBufferedStream(); // otherwise all that a row group has of a column is read at once
        using var file = Readable(path, () => new ParquetFileReader(path, properties));
        var places = Readable(path, () => columns.Select(column => FindColumn(file, column, path)).ToList());
        for (var group = 0; count > 0 && group < Readable(path, () => file.FileMetaData.NumRowGroups); group++)
        {
            using var rows = Readable(path, () => file.RowGroup(group));
            var unread = Readable(path, () => rows.MetaData.NumRows);
            if (first >= unread)
            {
                first -= unread;
                continue;
            }
            var readers = new List<LogicalColumnReader>();
            try
            {
                foreach (var place in places)
                    readers.Add(Readable(path, () => rows.Column(place).LogicalReader(RowsAtOnce)));
                if (readers.Exists(reader => Readable(path, () => reader.Skip(first)) != first))
                    throw OtherNumberOfRows(path);
                unread -= first;
                first = 0;
                var parts = readers.Zip(columns, (reader, column) => Batches(reader, column, path)).ToList();
                while (unread > 0 && count > 0)
                {
                    var values = parts.Select(next => Readable(path, next)).ToList();
                    var read = values[0].Length;
                    if (read == 0 || read > unread || values.Exists(part => part.Length != read))
                        throw OtherNumberOfRows(path);
                    for (var row = 0; row < read && count > 0; row++, count--)
                        yield return [.. values.Select(part => part[row])];
                    unread -= read;
                }
            }
            finally
            {
                foreach (var reader in readers)
                    reader.Dispose();
            }
        }
    }

    private static ImgAlignException OtherNumberOfRows(string path) =>
        new($"{path}: a column has another number of rows than the file says; download it again.");

    // What the library throws for a file that is cut or damaged; for a schema that makes no sense it is a plain Exception.
    private static T Readable<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception)
            when (exception
                    is ParquetException
                        or ArgumentException
                        or InvalidOperationException
                        or InvalidCastException
                        or NotSupportedException
                        or OverflowException
                        or IOException
                || exception.GetType() == typeof(Exception)
            )
        {
            var problem = exception.Message.ReplaceLineEndings(" ").Trim();
            throw new ImgAlignException($"{path}: not a Parquet file that can be read ({problem}); download it again.", exception);
        }
    }

    private static int FindColumn(ParquetFileReader file, string column, string path)
    {
        var schema = file.FileMetaData.Schema;
        var names = Enumerable.Range(0, schema.NumColumns).Select(place => schema.Column(place).Path.ToDotString()).ToList();
        var found = names.IndexOf(column) is >= 0 and var plain ? plain : names.IndexOf(column + ".bytes");
        return found >= 0
            ? found
            : throw new ImgAlignException($"{path}: there is no column '{column}'; there are {string.Join(", ", names)}.");
    }

    // Each call gives the values of the next rows.
    private static Func<object?[]> Batches(LogicalColumnReader reader, string column, string path) =>
        reader switch
        {
            LogicalColumnReader<string?> texts => Batches(texts, static text => text),
            LogicalColumnReader<byte[]?> bytes => Batches(bytes, static value => value),
            LogicalColumnReader<double> numbers => Batches(numbers, static number => number),
            LogicalColumnReader<double?> numbers => Batches(numbers, static number => number),
            LogicalColumnReader<float> numbers => Batches(numbers, static number => (double)number),
            LogicalColumnReader<float?> numbers => Batches(numbers, static number => (double?)number),
            LogicalColumnReader<long> numbers => Batches(numbers, static number => (double)number),
            LogicalColumnReader<long?> numbers => Batches(numbers, static number => (double?)number),
            LogicalColumnReader<int> numbers => Batches(numbers, static number => (double)number),
            LogicalColumnReader<int?> numbers => Batches(numbers, static number => (double?)number),
            _ => throw new ImgAlignException(
                $"{path}: column '{column}' holds {reader.GetType().GenericTypeArguments[^1].Name}, but texts, numbers or bytes "
                    + "are expected."
            ),
        };

    private static Func<object?[]> Batches<T>(LogicalColumnReader<T> reader, Func<T, object?> convert)
    {
        var buffer = new T[RowsAtOnce];
        return () => [.. buffer.Take(reader.HasNext ? reader.ReadBatch(buffer) : 0).Select(convert)];
    }
}
