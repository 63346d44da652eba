using Microsoft.CodeAnalysis;
using static TorchSharp.torch;

namespace ImgAlign
{
    /// <summary><see cref="TensorMath"/> behind the tensor, for this repository's projects: each compiles this file, and none shows it to
    /// another.</summary>
    [Embedded]
    internal static class TensorExtensions
    {
        public static Tensor Plus(this Tensor x, Tensor y) => TensorMath.Plus(x, y);

        public static Tensor Plus(this Tensor x, double y) => TensorMath.Plus(x, y);

        public static Tensor Plus(this Tensor x, long y) => TensorMath.Plus(x, y);

        public static Tensor PlusInPlace(this Tensor x, Tensor y) => TensorMath.PlusInPlace(x, y);

        public static Tensor PlusInPlace(this Tensor x, Tensor y, double factor) => TensorMath.PlusInPlace(x, y, factor);

        public static Tensor PlusInPlace(this Tensor x, double y) => TensorMath.PlusInPlace(x, y);

        public static Tensor PlusProduct(this Tensor x, Tensor a, Tensor b) => TensorMath.PlusProduct(x, a, b);

        public static Tensor PlusProductInPlace(this Tensor x, Tensor a, Tensor b, long factor = 1) =>
            TensorMath.PlusProductInPlace(x, a, b, factor);

        public static Tensor Minus(this Tensor x, double y) => TensorMath.Minus(x, y);

        public static Tensor Minus(this Tensor x, long y) => TensorMath.Minus(x, y);

        public static Tensor OneMinus(this Tensor x) => TensorMath.OneMinus(x);

        public static Tensor Times(this Tensor x, double y) => TensorMath.Times(x, y);

        public static Tensor Times(this Tensor x, long y) => TensorMath.Times(x, y);

        public static Tensor TimesInPlace(this Tensor x, double y) => TensorMath.TimesInPlace(x, y);

        public static Tensor DividedBy(this Tensor x, double y) => TensorMath.DividedBy(x, y);

        public static Tensor DividedByInPlace(this Tensor x, double y) => TensorMath.DividedByInPlace(x, y);

        public static Tensor Squared(this Tensor x) => TensorMath.Squared(x);

        public static Tensor Clamp(this Tensor x, double? min = null, double? max = null) => TensorMath.Clamp(x, min, max);
    }
}

namespace Microsoft.CodeAnalysis
{
    /// <summary>Tells the compiler that a type is this assembly's own, also where another one sees its internals.</summary>
    [Embedded]
    [AttributeUsage(
        AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum | AttributeTargets.Interface | AttributeTargets.Delegate
    )]
    internal sealed class EmbeddedAttribute : Attribute;
}
