using System.Collections;

namespace ImgAlign;

/// <summary>A list that is equal to another with equal elements, so that records that hold lists are values.</summary>
internal sealed class ValueList<T>(T[] elements) : IReadOnlyList<T>
{
    public int Count => elements.Length;

    public T this[int index] => elements[index];

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)elements).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override bool Equals(object? obj) => obj is ValueList<T> other && elements.SequenceEqual(other);

    public override int GetHashCode() => elements.Aggregate(elements.Length, static (hash, element) => HashCode.Combine(hash, element));
}

/// <summary>Makes lists that are equal where their elements are.</summary>
internal static class ValueList
{
    public static IReadOnlyList<T> Of<T>(IEnumerable<T> elements)
    {
        ArgumentNullException.ThrowIfNull(elements);
        return elements as ValueList<T> ?? new ValueList<T>([.. elements]);
    }
}
