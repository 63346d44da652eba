using System.Runtime.CompilerServices;
using Parquet;
using Parquet.Meta.Proto;
using Parquet.Schema;

namespace ImgAlign.Training.Data;

/// <summary>Rows of Parquet files, one after the other. A row group's columns are in memory at a time.</summary>
internal static class ParquetRows
{
    /// <summary>The Parquet files at a path, a file or a folder with some, in alphabetical order.</summary>
    /// <exception cref="ImgAlignException">There are none.</exception>
    public static IReadOnlyList<string> Find(string path)
    {
        if (File.Exists(path)) return [path];
        string[] found = Directory.Exists(path) ? [.. Directory.EnumerateFiles(path, "*.parquet", SearchOption.AllDirectories).Order(StringComparer.Ordinal)] : [];
        return found.Length > 0 ? found : throw new ImgAlignException($"{path}: there are no Parquet files.");
    }

    /// <summary>Reads some columns of one file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The columns: texts, numbers, and bytes; a picture of the Hugging Face kind is the bytes within it.</param>
    /// <param name="cancellationToken">Seen between row groups.</param>
    /// <returns>The values of each row in the order of the columns: <c>string</c>, <c>double</c>, <c>byte[]</c> or null.</returns>
    /// <exception cref="ImgAlignException">The file is broken, or a column is missing.</exception>
    public static async IAsyncEnumerable<object?[]> ReadAsync(string path, IReadOnlyList<string> columns, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var reader = await Readable(path, () => ParquetReader.CreateAsync(path, null, cancellationToken));
        var fields = columns.Select(column => FindField(reader.Schema, column, path)).ToList();
        for (var group = 0; group < reader.RowGroupCount; group++)
        {
            using var rows = reader.OpenRowGroupReader(group);
            var count = checked((int)rows.RowCount);
            var values = new List<object?[]>();
            foreach (var field in fields) values.Add(await Readable(path, () => ReadColumnAsync(rows, field, count, path, cancellationToken)));
            for (var row = 0; row < count; row++) yield return [.. values.Select(column => column[row])];
        }
    }

    // What the library throws for a file that is cut or damaged.
    private static async Task<T> Readable<T>(string path, Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or ParquetException or ThriftProtocolException or ArgumentException
            or OverflowException or InvalidOperationException or NotSupportedException)
        {
            throw new ImgAlignException($"{path}: not a Parquet file that can be read ({exception.Message}); download it again.", exception);
        }
    }

    private static DataField FindField(ParquetSchema schema, string column, string path) =>
        schema.DataFields.FirstOrDefault(field => field.Path.ToString() == column)
        ?? schema.DataFields.FirstOrDefault(field => field.Path.ToList() is [var outer, "bytes"] && outer == column)
        ?? throw new ImgAlignException($"{path}: there is no column '{column}'; there are {string.Join(", ", schema.DataFields.Select(field => field.Path.ToString()))}.");

    private static async Task<object?[]> ReadColumnAsync(ParquetRowGroupReader rows, DataField field, int count, string path, CancellationToken cancellationToken)
    {
        if (field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>)) return await ReadAsync<string>((buffer, token) => rows.ReadAsync(field, buffer!, null, token));
        if (field.ClrType == typeof(byte[]) || field.ClrType == typeof(ReadOnlyMemory<byte>)) return await ReadAsync<byte[]>((buffer, token) => rows.ReadAsync(field, buffer!, null, token));
        if (field.ClrType == typeof(double)) return await ReadNumbersAsync<double>();
        if (field.ClrType == typeof(float)) return await ReadNumbersAsync<float>();
        if (field.ClrType == typeof(long)) return await ReadNumbersAsync<long>();
        if (field.ClrType == typeof(int)) return await ReadNumbersAsync<int>();
        throw new ImgAlignException($"{path}: column '{field.Path}' holds {field.ClrType.Name}, but texts, numbers or bytes are expected.");

        async Task<object?[]> ReadAsync<T>(Func<Memory<T?>, CancellationToken, ValueTask> read) where T : class
        {
            var buffer = new T?[count];
            await read(buffer, cancellationToken);
            return buffer;
        }

        async Task<object?[]> ReadNumbersAsync<T>() where T : struct, IConvertible
        {
            if (!field.IsNullable)
            {
                var plain = new T[count];
                await rows.ReadAsync<T>(field, plain.AsMemory(), null, cancellationToken);
                return [.. plain.Select(static value => (object?)value.ToDouble(null))];
            }
            var buffer = new T?[count];
            await rows.ReadAsync<T>(field, buffer.AsMemory(), null, cancellationToken);
            return [.. buffer.Select(static value => value?.ToDouble(null))];
        }
    }
}
