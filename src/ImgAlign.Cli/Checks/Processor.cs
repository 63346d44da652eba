using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace ImgAlign.Cli.Checks;

/// <summary>The processor, by its own instruction CPUID where it has that.</summary>
internal static class Processor
{
    private const int BrandText = unchecked((int)0x80000002);

    /// <summary>Whether it multiplies in tiles.</summary>
    public static bool HasAmx => Has(Leaf7.Edx, 24);

    /// <summary>What its maker calls it; its architecture where it does not say.</summary>
    public static string Name
    {
        get
        {
            if (!X86Base.IsSupported)
                return RuntimeInformation.ProcessArchitecture.ToString();
            var text = Enumerable
                .Range(BrandText, 3)
                .Select(static leaf => X86Base.CpuId(leaf, 0))
                .SelectMany(static registers => new[] { registers.Eax, registers.Ebx, registers.Ecx, registers.Edx })
                .SelectMany(BitConverter.GetBytes);
            return Encoding.ASCII.GetString([.. text]).Trim('\0', ' ');
        }
    }

    /// <summary>Those of its extensions that decide how fast networks are, by the names of <c>/proc/cpuinfo</c>.</summary>
    public static IReadOnlyList<string> Extensions
    {
        get
        {
            if (!X86Base.IsSupported)
                return AdvSimd.IsSupported ? ["asimd"] : [];
            var (first, second) = (Leaf7, X86Base.CpuId(7, 1));
            (string Name, bool IsThere)[] known =
            [
                ("avx2", Has(first.Ebx, 5)),
                ("avx512f", Has(first.Ebx, 16)),
                ("avx512_bf16", Has(second.Eax, 5)),
                ("avx512_fp16", Has(first.Edx, 23)),
                ("amx_tile", HasAmx),
                ("amx_bf16", Has(first.Edx, 22)),
            ];
            return [.. known.Where(static extension => extension.IsThere).Select(static extension => extension.Name)];
        }
    }

    private static (int Eax, int Ebx, int Ecx, int Edx) Leaf7 =>
        X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 ? X86Base.CpuId(7, 0) : default;

    private static bool Has(int register, int bit) => (register >> bit & 1) != 0;
}
