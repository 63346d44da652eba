using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using ImgAlign.Runtime;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// The float32 product <c>y = x W^T + b</c> with 512-bit registers, for CPUs on which libtorch does not use them: its MKL keeps to 256 bits
/// on AMD. Each output is summed by one thread, in an order that does not depend on the number of threads.
/// </summary>
/// <remarks>
/// x is packed into panels of 32 rows, each column by column, so that a register holds 16 rows of x; W is read as it is. A task is a tile
/// of W's rows, which stays in the cache while a strip of panels passes by; its outputs are collected transposed.
/// </remarks>
internal static unsafe class WideGemm
{
    private const int PanelRows = WideGemmKernel.Columns;
    private const int TileRows = 4 * WideGemmKernel.Rows; // of W, per task
    private const int StripRows = 32 * PanelRows; // of x, per task
    private const int CollectedStride = StripRows + 16; // no power of two, for which all rows would share the same cache lines
    private const int Depth = 512; // of the inner dimension, before the next panel

    /// <summary>Whether this product is faster than libtorch's on this machine.</summary>
    public static bool IsFasterThanLibTorch { get; } =
        Avx512F.IsSupported && X86Base.CpuId(0, 0) is { Ebx: 0x68747541, Edx: 0x69746E65, Ecx: 0x444D4163 }; // "AuthenticAMD"

    /// <summary>Whether it is the better choice for these sizes: packing must pay, and few rows of x would leave registers empty.</summary>
    /// <param name="m">Rows of x.</param>
    /// <param name="n">Rows of W.</param>
    /// <param name="k">The inner dimension.</param>
    public static bool Suits(long m, long n, long k)
    {
        var padded = (m + PanelRows - 1) / PanelRows * PanelRows;
        return n >= 512 && k >= 512 && 4 * m >= 3 * padded;
    }

    /// <summary>Multiplies and adds; all matrices are contiguous, the last dimension first in memory.</summary>
    /// <param name="x"><c>[m, k]</c>.</param>
    /// <param name="weight"><c>[n, k]</c>, n at least <see cref="TileRows"/>.</param>
    /// <param name="bias"><c>[n]</c>, or null.</param>
    /// <param name="y"><c>[m, n]</c>, written.</param>
    /// <param name="m">Rows of x.</param>
    /// <param name="n">Rows of W.</param>
    /// <param name="k">The inner dimension.</param>
    /// <param name="threads">The number of threads.</param>
    public static void Multiply(float* x, float* weight, float* bias, float* y, int m, int n, int k, int threads)
    {
        var panels = (m + PanelRows - 1) / PanelRows;
        var packed = Allocate((long)panels * PanelRows * k);
        try
        {
            ParallelLoop.Run(
                panels,
                threads,
                some =>
                {
                    foreach (var panel in some)
                        Pack(x, m, k, panel, packed);
                }
            );
            var (strips, tiles) = ((m + StripRows - 1) / StripRows, (n + TileRows - 1) / TileRows);
            ParallelLoop.Run(
                strips * tiles,
                threads,
                tasks =>
                {
                    var collected = Allocate(TileRows * CollectedStride);
                    try
                    {
                        foreach (var task in tasks)
                            MultiplyTask(task, collected);
                    }
                    finally
                    {
                        NativeMemory.AlignedFree(collected);
                    }
                }
            );

            void MultiplyTask(int task, float* collected)
            {
                // The last tile is made of whole kernels too: it reaches back into the one before it, and computes the same there.
                var outputs = Math.Min(TileRows, n - task % tiles * TileRows);
                outputs = (outputs + WideGemmKernel.Rows - 1) / WideGemmKernel.Rows * WideGemmKernel.Rows;
                var firstOutput = Math.Min(task % tiles * TileRows, n - outputs);
                var firstRow = task / tiles * StripRows;
                var rows = Math.Min(StripRows, m - firstRow);
                MultiplyStrip(packed + (long)firstRow * k, weight + (long)firstOutput * k, collected, rows, outputs, k);
                Store(collected, bias is null ? null : bias + firstOutput, y + (long)firstRow * n + firstOutput, rows, outputs, n);
            }
        }
        finally
        {
            NativeMemory.AlignedFree(packed);
        }
    }

    // One panel: 32 rows of x, column by column; rows beyond the last are zeros.
    private static void Pack(float* x, int m, int k, int panel, float* packed)
    {
        const int blockColumns = 64; // what is written at once stays in the first cache
        var target = packed + (long)panel * PanelRows * k;
        var rows = Math.Min(PanelRows, m - panel * PanelRows);
        if (rows < PanelRows)
            new Span<float>(target, PanelRows * k).Clear();
        for (var start = 0; start < k; start += blockColumns)
        {
            var end = Math.Min(start + blockColumns, k);
            for (var row = 0; row < rows; row++)
            {
                var source = x + ((long)panel * PanelRows + row) * k;
                for (var column = start; column < end; column++)
                    target[column * PanelRows + row] = source[column];
            }
        }
    }

    // A tile of W with a strip of x: collected[w, x], rows being CollectedStride apart.
    private static void MultiplyStrip(float* packed, float* weight, float* collected, int rows, int outputs, int k)
    {
        for (var w = 0; w < outputs; w++)
            new Span<float>(collected + w * CollectedStride, StripRows).Clear();
        for (var start = 0; start < k; start += Depth)
        {
            var depth = Math.Min(Depth, k - start);
            for (var row = 0; row < rows; row += PanelRows)
            {
                var panel = packed + (long)row * k + start * PanelRows;
                for (var w = 0; w < outputs; w += WideGemmKernel.Rows)
                    WideGemmKernel.Accumulate(
                        panel,
                        weight + (long)w * k + start,
                        k,
                        collected + w * CollectedStride + row,
                        CollectedStride,
                        depth
                    );
            }
        }
    }

    private static void Store(float* collected, float* bias, float* y, int rows, int outputs, int n)
    {
        for (var row = 0; row < rows; row++, y += n)
        {
            for (var w = 0; w < outputs; w++)
                y[w] = collected[w * CollectedStride + row] + (bias is null ? 0 : bias[w]);
        }
    }

    private static float* Allocate(long count) => (float*)NativeMemory.AlignedAlloc((nuint)(count * sizeof(float)), 64);
}
